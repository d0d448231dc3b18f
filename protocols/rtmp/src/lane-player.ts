import type { Socket } from "node:net";
import { type LaneReader, PackagedReader, type ViewerSession } from "@millrace/engine";

/** With this much unsent a player waits until its socket drains. */
const HIGH_WATER_BYTES = 512 * 1024;
/** A player that takes nothing for so long is dropped. */
const STALL_MS = 30_000;
const CHECK_MS = 5000;

export interface LanePlayerOptions {
  readonly socket: Socket;
  readonly reader: LaneReader;
  readonly session: ViewerSession;
  /** The lane has ended, or the player cannot go on with it. */
  readonly onEnd: (reason: "ended" | "torn" | "stalled") => void;
}

/** Writes a packaged lane to one socket. A player that falls behind goes on at a later key frame. */
export class LanePlayer {
  readonly #options: LanePlayerOptions;
  readonly #player: PackagedReader;
  readonly #timer: NodeJS.Timeout;
  #closed = false;
  #paused = false;
  #waiting = false;
  #progressMs = Date.now();
  readonly #onDrain = (): void => {
    this.#progressMs = Date.now();
    this.#waiting = false;
    this.#pump();
  };

  constructor(options: LanePlayerOptions) {
    this.#options = options;
    this.#player = new PackagedReader(options.reader);
    options.socket.on("drain", this.#onDrain);
    options.reader.onReadable = () => this.#pump();
    this.#timer = setInterval(() => this.#check(), CHECK_MS);
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
    if (this.#waiting && Date.now() - this.#progressMs > STALL_MS) this.#options.onEnd("stalled");
  }

  #pump(): void {
    const { reader, socket, session } = this.#options;
    const player = this.#player;
    if (this.#closed || this.#paused || this.#waiting) return;
    socket.cork();
    while (player.next()) {
      const bytes = reader.hold();
      if (bytes === undefined) {
        player.skip();
        continue;
      }
      const span = reader.span();
      session.bytes += bytes.length;
      socket.write(bytes, () => reader.releaseSpan(span));
      if (socket.writableLength > HIGH_WATER_BYTES && !reader.more) {
        this.#waiting = true;
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
