import { badAnswer } from "../errors.ts";

const MAX_LINE = 1024;

/**
 * Takes the chunks of an HTTP/1.1 body apart (RFC 9112 §7.1), from any split of the bytes: some servers send them to clients
 * of HTTP/1.0, too.
 */
export class ChunkedBody {
  readonly #onBytes: (bytes: Uint8Array) => void;
  #left = 0;
  #line = "";
  /** The line end behind a chunk is still to come. */
  #behind = false;
  /** The last chunk has been seen. */
  ended = false;

  constructor(onBytes: (bytes: Uint8Array) => void) {
    this.#onBytes = onBytes;
  }

  /** Throws `shout.answer` for what is no chunk. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && !this.ended; ) {
      if (this.#left > 0) {
        const size = Math.min(this.#left, bytes.length - at);
        this.#onBytes(bytes.subarray(at, at + size));
        this.#left -= size;
        at += size;
        continue;
      }
      const byte = bytes[at++] as number;
      if (byte !== 0x0a) this.#line += String.fromCharCode(byte);
      else this.#takeLine();
      if (this.#line.length > MAX_LINE) throw badAnswer("a chunk of the answer has no end");
    }
  }

  #takeLine(): void {
    const line = this.#line.trim();
    this.#line = "";
    if (this.#behind && line === "") {
      this.#behind = false;
      return;
    }
    const size = /^([0-9a-fA-F]{1,8})(?:\s*;.*)?$/.exec(line)?.[1];
    if (this.#behind || size === undefined) throw badAnswer("the chunks of the answer make no sense");
    this.#left = Number.parseInt(size, 16);
    this.#behind = true;
    this.ended = this.#left === 0;
  }
}
