import type { Socket } from "node:net";
import { type LaneReader, PackagedReader, type Span, type ViewerSession } from "@millrace/engine";

/** With this much unsent a player waits until its socket drains. */
const HIGH_WATER_BYTES = 512 * 1024;
/** A player that takes nothing for so long is dropped. */
const STALL_MS = 30_000;
const CHECK_MS = 2000;

export interface LanePlayerOptions {
  readonly socket: Socket;
  readonly reader: LaneReader;
  readonly session: ViewerSession;
  /** What has to go ahead of the first bytes, which are given. */
  readonly preface?: (first: Uint8Array) => Uint8Array;
  /** The lane has ended, or the player cannot go on with it. */
  readonly onEnd: (reason: "ended" | "torn" | "stalled") => void;
}

/** Writes a packaged lane to one socket, from `start` on. A player that falls behind goes on at a later key frame. */
export class LanePlayer {
  readonly #options: LanePlayerOptions;
  readonly #player: PackagedReader;
  readonly #timer: NodeJS.Timeout;
  #closed = false;
  #paused = false;
  #waiting = false;
  /** When the socket was last seen to take something, and how much it had taken by then. */
  #progressMs = 0;
  #takenBytes = 0;
  /** Those that are on their way to the system, in order. */
  readonly #held: Span[] = [];
  readonly #onWritten = (): void => {
    const span = this.#held.shift();
    if (span !== undefined) this.#options.reader.releaseSpan(span);
  };
  readonly #onDrain = (): void => {
    this.#waiting = false;
    this.#pump();
  };

  constructor(options: LanePlayerOptions) {
    this.#options = options;
    this.#player = new PackagedReader(options.reader);
    options.socket.on("drain", this.#onDrain);
    this.#timer = setInterval(() => this.#check(), CHECK_MS);
  }

  /** Apart from the constructor, as it may call `onEnd` at once. */
  start(): void {
    this.#options.reader.onReadable = () => this.#pump();
    this.#pump();
  }

  /** Sends nothing meanwhile; what is missed then is missed. */
  pause(paused: boolean): void {
    this.#paused = paused;
    if (!paused) this.#pump();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.#options.socket.off("drain", this.#onDrain);
    this.#player.close();
    this.#options.session.close();
  }

  #check(): void {
    const { reader, session, socket } = this.#options;
    if (!this.#waiting) return;
    session.lagBytes = reader.lagBytes + socket.writableLength;
    const takenBytes = socket.bytesWritten - socket.writableLength;
    const nowMs = Date.now();
    if (takenBytes !== this.#takenBytes) {
      this.#takenBytes = takenBytes;
      this.#progressMs = nowMs;
    } else if (nowMs - this.#progressMs > STALL_MS) {
      this.#options.onEnd("stalled");
    }
  }

  #wait(): void {
    const { socket } = this.#options;
    this.#waiting = true;
    this.#progressMs = Date.now();
    this.#takenBytes = socket.bytesWritten - socket.writableLength;
  }

  #pump(): void {
    const { reader, socket, session, preface } = this.#options;
    const player = this.#player;
    if (this.#closed || this.#paused || this.#waiting) return;
    socket.cork();
    while (player.next()) {
      const bytes = reader.hold();
      if (bytes === undefined) {
        player.skip();
        continue;
      }
      this.#held.push(reader.span());
      if (preface !== undefined && session.bytes === 0) socket.write(preface(bytes));
      session.bytes += bytes.length;
      socket.write(bytes, this.#onWritten);
      if (socket.writableLength > HIGH_WATER_BYTES && !reader.more) {
        this.#wait();
        break;
      }
    }
    socket.uncork();
    session.skips = reader.skips;
    session.lagBytes = reader.lagBytes;
    if (player.torn) this.#options.onEnd("torn");
    else if (reader.ended && !this.#waiting) this.#options.onEnd("ended");
  }
}
