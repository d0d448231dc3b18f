import {
  AUTOMATIC,
  Batch,
  BatchQueue,
  type Fanout,
  type FanoutMember,
  fanoutOf,
  type Gathering,
  type LaneReader,
  PackagedReader,
  type ViewerSession,
} from "@millrace/engine";

/** With this much unsent a player leaves the others, and gets no message that no other needs. */
const FIRST_MARK_BYTES = 256 * 1024;
/** With this much unsent a player waits until its socket drains. */
const SECOND_MARK_BYTES = 512 * 1024;
/** What is written at once to a player that catches up. */
const CATCH_UP_BYTES = 64 * 1024;
/** A player that takes nothing for so long is dropped. */
const STALL_MS = 30_000;

/** What a player writes to: a socket, or what changes the bytes on their way to one. */
export interface PlayerSocket {
  /** Bytes not yet taken by the system. */
  readonly writableLength: number;
  /** All that was written, with those. */
  readonly bytesWritten: number;
  write(bytes: Uint8Array, onWritten?: () => void): boolean;
  cork(): void;
  uncork(): void;
  on(event: "drain", call: () => void): unknown;
  off(event: "drain", call: () => void): unknown;
}

export interface LanePlayerOptions {
  readonly socket: PlayerSocket;
  readonly reader: LaneReader;
  readonly session: ViewerSession;
  /** What has to go ahead of the first bytes, which are given. */
  readonly preface?: (first: Uint8Array) => Uint8Array;
  /** When to write; by default at once with few players of the lane, in larger pieces with many. */
  readonly gathering?: Gathering;
  /** The lane has ended, or the player cannot go on with it. Told once. */
  readonly onEnd: (reason: "ended" | "torn" | "stalled") => void;
}

/**
 * Writes a packaged lane to one socket, from `start` on. At the live edge it gets what the lane's fan-out gathers for all
 * players. One that falls behind reads for itself: first it does without messages that no other needs, then it waits for its
 * socket, and when what it waited for is gone it goes on at a later key frame.
 */
export class LanePlayer implements FanoutMember {
  readonly #options: LanePlayerOptions;
  readonly #player: PackagedReader;
  readonly #fanout: Fanout;
  readonly #out: BatchQueue;
  #state: "new" | "open" | "closed" = "new";
  #paused = false;
  /** Reads for itself. */
  #behind = true;
  /** Has been at the edge since it began at a key frame: what is unsent now is not the burst it began with. */
  #settled = false;
  #waiting = false;
  #told = false;
  #inMessage = false;
  #leavingOut = false;
  /** Messages that were left out. */
  #leftOut = 0;
  /** When the socket was last seen to take something, and how much it had taken by then. */
  #progressMs = 0;
  #takenBytes = 0;
  readonly #onDrain = (): void => {
    this.#waiting = false;
    this.#catchUp();
  };
  readonly #onReadable = (): void => this.#catchUp();

  constructor(options: LanePlayerOptions) {
    const { socket, reader, session } = options;
    this.#options = options;
    this.#player = new PackagedReader(reader);
    this.#fanout = fanoutOf(reader, options.gathering ?? AUTOMATIC);
    this.#out = new BatchQueue(socket);
    this.#fanout.add(this);
    session.describe ??= () => ({ leftOut: this.#leftOut });
    socket.on("drain", this.#onDrain);
  }

  /** Apart from the constructor, as it may call `onEnd` at once. */
  start(): void {
    if (this.#state !== "new") return;
    this.#state = "open";
    this.#options.reader.onReadable = this.#onReadable;
    this.#catchUp();
  }

  /** Sends nothing meanwhile; what is missed then is missed. */
  pause(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused && !this.#behind) this.fallBehind(this.#fanout.edge);
    if (!paused) this.#catchUp();
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#options.socket.off("drain", this.#onDrain);
    this.#fanout.remove(this);
    this.#player.close();
    this.#options.session.close();
  }

  /** Of `FanoutMember`, as all that follows. */
  send(batch: Batch): void {
    if (!this.#behind && this.#options.socket.writableLength > FIRST_MARK_BYTES)
      this.fallBehind(batch.firstSeq);
    if (this.#behind) {
      this.#catchUp();
      return;
    }
    this.#out.write(batch);
    this.#options.session.bytes += batch.bytes;
  }

  fallBehind(seq: number): void {
    if (this.#behind) return;
    const { reader } = this.#options;
    this.#behind = true;
    reader.seek(seq);
    reader.onReadable = this.#onReadable;
  }

  check(): void {
    const { reader, session, socket } = this.#options;
    const unsent = socket.writableLength;
    session.lagBytes = this.#behind ? reader.lagBytes + unsent : unsent;
    const takenBytes = socket.bytesWritten - unsent;
    const nowMs = Date.now();
    if (unsent === 0 || takenBytes !== this.#takenBytes) {
      this.#takenBytes = takenBytes;
      this.#progressMs = nowMs;
    } else if (nowMs - this.#progressMs > STALL_MS) {
      this.#tell("stalled");
    }
  }

  laneEnded(): void {
    if (this.#state !== "open") return;
    if (!this.#behind || this.#paused) this.#tell("ended");
    else this.#catchUp();
  }

  #tell(reason: "ended" | "torn" | "stalled"): void {
    if (this.#told) return;
    this.#told = true;
    this.#options.onEnd(reason);
  }

  /** Sends from its own cursor until the socket is full or the edge is reached. */
  #catchUp(): void {
    if (this.#state !== "open" || !this.#behind || this.#paused || this.#waiting) return;
    const { reader, socket, session } = this.#options;
    while (this.#sendSome());
    session.skips = reader.skips;
    session.lagBytes = this.#behind ? reader.lagBytes + socket.writableLength : socket.writableLength;
    if (this.#player.torn) this.#tell("torn");
    else if (reader.ended && !this.#waiting) this.#tell("ended");
  }

  /** One write's worth of messages. False: there is no more, or the socket is full. */
  #sendSome(): boolean {
    const { reader, socket, session } = this.#options;
    const batch = new Batch(reader);
    // What goes ahead of the first bytes goes with them.
    const isFirst = session.bytes === 0;
    if (isFirst) socket.cork();
    let more = true;
    while (more && (batch.bytes < CATCH_UP_BYTES || this.#inMessage)) more = this.#readOne(batch);
    if (batch.bytes > 0) {
      this.#out.write(batch);
      session.bytes += batch.bytes;
    }
    batch.done();
    if (isFirst) socket.uncork();
    if (socket.writableLength > SECOND_MARK_BYTES && !this.#inMessage) {
      this.#waiting = true;
      return false;
    }
    return more;
  }

  /** Moves to the next chunk, and adds it if the player is to have it. False: there is none for it now. */
  #readOne(batch: Batch): boolean {
    const { reader, socket } = this.#options;
    const player = this.#player;
    if (!this.#inMessage && this.#isAtEdge(batch)) return false;
    if (!player.next()) return false;
    if (player.fresh) {
      this.#settled = false;
      this.#inMessage = false;
    }
    const begins = !this.#inMessage;
    this.#inMessage = reader.more;
    if (begins) {
      const unsent = socket.writableLength + batch.bytes;
      this.#leavingOut = reader.disposable && this.#settled && unsent > FIRST_MARK_BYTES;
      if (this.#leavingOut) this.#leftOut++;
    }
    if (this.#leavingOut) return true;
    this.#writePreface(batch);
    if (!batch.add()) {
      this.#inMessage = !begins;
      player.skip();
    }
    return true;
  }

  /** At the edge, or past it where the lane's newest lies in what gathers: what comes is written by the fan-out. */
  #isAtEdge(batch: Batch): boolean {
    const { reader, socket } = this.#options;
    const distance = (this.#fanout.edge - reader.position) | 0;
    if (distance > 0 || reader.ended) return false;
    const unsent = socket.writableLength + batch.bytes;
    if (distance < 0 || !this.#player.running || unsent > FIRST_MARK_BYTES) return true;
    this.#behind = false;
    this.#settled = true;
    reader.onReadable = undefined;
    return true;
  }

  #writePreface(batch: Batch): void {
    const { reader, socket, session, preface } = this.#options;
    if (preface === undefined || session.bytes > 0 || batch.bytes > 0) return;
    const first = reader.hold();
    if (first === undefined) return;
    socket.write(preface(first));
    reader.release();
  }
}
