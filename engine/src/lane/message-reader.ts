import type { Span } from "../memory/span.ts";
import { PackagedReader } from "./packaged-reader.ts";
import type { LaneReader } from "./reader.ts";

/**
 * Reads a packaged lane for one player, message by message: each is whole, in the lane's own memory, which is not reused
 * before the message has been sent. For those who pick or rewrite messages; who sends them all as they lie takes `Batch`.
 */
export class MessageReader {
  readonly #reader: LaneReader;
  readonly #player: PackagedReader;
  #fresh = false;
  /** The current message has all its pieces. */
  #whole = false;
  #parts: Uint8Array[] = [];
  /** Spans of the current message, the last ones of `#held`. */
  #spans = 0;
  /** Memory that is needed, in the order of its use, and how many spans each message under way has. */
  #held: Span[] = [];
  #heldOf: number[] = [];
  /** To be called when the oldest message under way needs its memory no more. */
  readonly sent = (): void => {
    const count = this.#heldOf.shift() ?? 0;
    for (let i = 0; i < count; i++) this.#reader.releaseSpan(this.#held.shift() as Span);
  };

  constructor(reader: LaneReader) {
    this.#reader = reader;
    this.#player = new PackagedReader(reader);
  }

  /** The current message, in one or more pieces: of use until the next one, unless it is kept. */
  get parts(): readonly Uint8Array[] {
    return this.#parts;
  }

  /** The current message is the first one, or the first after some were skipped. */
  get fresh(): boolean {
    return this.#fresh;
  }

  /** There is nothing more to come: the lane has ended, or what comes makes no sense to the player. */
  get ended(): boolean {
    return this.#reader.ended || this.#player.torn;
  }

  /** Moves to the next message that the player should get; false when there is none yet. Its facts are `reader.chunk`. */
  next(): boolean {
    if (this.#whole) this.#drop();
    const reader = this.#reader;
    while (this.#player.next()) {
      const bytes = reader.hold();
      if (bytes === undefined) {
        this.#drop();
        this.#player.skip();
        continue;
      }
      if (this.#player.fresh) this.#drop();
      if (this.#spans === 0) this.#fresh = this.#player.fresh;
      this.#parts.push(bytes);
      this.#held.push(reader.span());
      this.#spans++;
      this.#whole = !reader.more;
      if (this.#whole) return true;
    }
    return false;
  }

  /** Holds the current message's memory until `sent`, which is called once for each that was kept, in their order. */
  keep(): void {
    this.#heldOf.push(this.#spans);
    this.#forget();
  }

  /** No more is read. What is under way is held until it was sent. */
  close(): void {
    this.#drop();
    this.#player.close();
  }

  /** For a connection that is destroyed: nothing will be told of the messages under way. */
  clear(): void {
    this.close();
    for (const span of this.#held.splice(0)) this.#reader.releaseSpan(span);
    this.#heldOf = [];
  }

  /** Gives the current message back, or as much of it as there is. */
  #drop(): void {
    for (let i = 0; i < this.#spans; i++) this.#reader.releaseSpan(this.#held.pop() as Span);
    this.#forget();
  }

  #forget(): void {
    if (this.#spans === 0) return;
    this.#parts = [];
    this.#spans = 0;
    this.#whole = false;
  }
}
