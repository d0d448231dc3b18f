import type { Socket } from "node:net";
import { Duplex } from "node:stream";

/** For tests only: a socket that takes everything at once, until it is shut. */
export class Valve extends Duplex {
  readonly #parts: Buffer[] = [];
  #open = true;
  #waiting: (() => void) | undefined;

  constructor() {
    super({ read: () => {}, writableHighWaterMark: 64 * 1024 });
    this.on("error", () => {});
  }

  get socket(): Socket {
    return this as unknown as Socket;
  }

  get bytesWritten(): number {
    return this.taken.length + this.writableLength;
  }

  /** What went through. */
  get taken(): Buffer {
    return Buffer.concat(this.#parts);
  }

  shut(): void {
    this.#open = false;
  }

  /** Lets through what waits, and all that comes. */
  open(): void {
    this.#open = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    const take = (): void => {
      // Copied only now: memory that was given back too early shows as wrong bytes.
      this.#parts.push(Buffer.from(bytes));
      done();
    };
    if (this.#open) take();
    else this.#waiting = take;
  }
}
