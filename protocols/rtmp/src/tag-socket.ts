import { u24be } from "@millrace/bytes";
import type { WebSocketLink } from "@millrace/engine";
import { FLV_TAG_HEADER_BYTES, FLV_TAG_TRAILER_BYTES } from "@millrace/flv";
import type { PlayerSocket } from "./lane-player.ts";

type TagLink = Pick<WebSocketLink, "send" | "sendParts" | "bufferedBytes" | "onDrain">;

/** The first byte of a file header, which is no type of tag. */
const SIGNATURE_F = 0x46;

/**
 * A player's socket that is a WebSocket: the file header is a message, and each further one is whole FLV tags, however the
 * lane is cut. Bytes are passed on as they lie there.
 */
export class TagSocket implements PlayerSocket {
  readonly #link: TagLink;
  #bytesWritten = 0;
  /** The tag under way: its header as far as it came, and what of it is still to come then. */
  readonly #header = new Uint8Array(FLV_TAG_HEADER_BYTES);
  #headerAt = 0;
  #left = 0;
  /** What waits for the end of its tag, and those that want to know when it is with the system. */
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  #calls: (() => void)[] = [];
  /** Those that want to know of the last message that the link was given, while it is under way. */
  #lastCalls: (() => void)[] | undefined;

  constructor(link: TagLink) {
    this.#link = link;
  }

  /** With what waits here: its memory is needed as well. */
  get writableLength(): number {
    return this.#link.bufferedBytes + this.#partBytes;
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** Without bytes it tells when those before are with the system. */
  write(bytes: Uint8Array, onWritten?: () => void): boolean {
    const isFileHeader = this.#bytesWritten === 0 && bytes[0] === SIGNATURE_F;
    this.#bytesWritten += bytes.length;
    if (bytes.length > 0) this.#parts.push(bytes);
    this.#partBytes += bytes.length;
    if (onWritten !== undefined) this.#calls.push(onWritten);
    if (isFileHeader || this.#walk(bytes)) this.#flush();
    return this.writableLength === 0;
  }

  // A message is written in one piece anyway.
  cork(): void {}
  uncork(): void {}

  on(_event: "drain", call: () => void): this {
    this.#link.onDrain = call;
    return this;
  }

  off(_event: "drain", call: () => void): this {
    if (this.#link.onDrain === call) this.#link.onDrain = undefined;
    return this;
  }

  /** Gives back what waits for the rest of a tag that will not come. */
  close(): void {
    this.#parts = [];
    this.#partBytes = 0;
    callAll(this.#calls.splice(0));
  }

  /** Sends what waits as one message. */
  #flush(): void {
    const parts = this.#parts;
    const calls = this.#calls;
    this.#parts = [];
    this.#partBytes = 0;
    this.#calls = [];
    const [first] = parts;
    if (first === undefined) {
      // An empty message would be one to the player, too.
      if (this.#lastCalls === undefined) callAll(calls);
      else this.#lastCalls.push(...calls);
      return;
    }
    this.#lastCalls = calls;
    const written = (): void => {
      if (this.#lastCalls === calls) this.#lastCalls = undefined;
      callAll(calls);
    };
    if (parts.length === 1) this.#link.send(first, written);
    else this.#link.sendParts(parts, written);
  }

  /** Whether a tag ends where these bytes do. */
  #walk(bytes: Uint8Array): boolean {
    let at = 0;
    while (at < bytes.length) {
      if (this.#left > 0) {
        const size = Math.min(this.#left, bytes.length - at);
        this.#left -= size;
        at += size;
        continue;
      }
      this.#header[this.#headerAt++] = bytes[at++] as number;
      if (this.#headerAt < FLV_TAG_HEADER_BYTES) continue;
      this.#headerAt = 0;
      this.#left = u24be(this.#header, 1) + FLV_TAG_TRAILER_BYTES;
    }
    return this.#left === 0 && this.#headerAt === 0;
  }
}

function callAll(calls: readonly (() => void)[]): void {
  for (const call of calls) call();
}
