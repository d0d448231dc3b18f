/** What a publisher may send before it is accepted: the rest is dropped. */
const MAX_HELD_BYTES = 4 << 20;
const MAX_HELD_MESSAGES = 1024;

export type StreamState = "idle" | "publish-asked" | "publishing" | "play-asked" | "playing";

interface HeldMessage {
  readonly type: number;
  readonly timestampMs: number;
  readonly payload: Uint8Array;
}

/** One message stream of a connection (RTMP 1.0 §7.2.1.3). */
export class ServerStream {
  readonly id: number;
  state: StreamState = "idle";
  /** Name as the client gave it, without query. */
  rawName = "";
  /** Changes with every request, so that late answers know that they are late. */
  request = 0;
  /** Answers go out in messages for AMF3. */
  amf3 = false;
  #held: HeldMessage[] = [];
  #heldBytes = 0;

  constructor(id: number) {
    this.id = id;
  }

  /** Keeps a message until the publication is accepted. False: it is too much. */
  hold(type: number, timestampMs: number, payload: Uint8Array): boolean {
    this.#heldBytes += payload.length;
    if (this.#heldBytes > MAX_HELD_BYTES || this.#held.length === MAX_HELD_MESSAGES) return false;
    this.#held.push({ type, timestampMs, payload });
    return true;
  }

  takeHeld(): HeldMessage[] {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    return held;
  }

  /** Ends what is under way or asked for. True: there was something. */
  stop(): boolean {
    const busy = this.state !== "idle";
    this.state = "idle";
    this.request++;
    this.takeHeld();
    return busy;
  }
}
