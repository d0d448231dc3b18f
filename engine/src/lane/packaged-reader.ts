import type { LaneReader } from "./reader.ts";

/**
 * Reads a packaged lane for one player: from a key message on, its header in front, and again so whenever the player fell
 * out of the window. It moves from chunk to chunk; their bytes are those of `reader` (`hold`, `release`, `span`).
 *
 * A message larger than a slab has several chunks, all there at once: who stops, to wait for a socket, stops where
 * `reader.more` is false. Whoever leaves messages out leaves out those with `reader.disposable` first.
 */
export class PackagedReader {
  readonly reader: LaneReader;
  #skips: number;
  #starting = true;
  #fresh = false;
  /** The current chunk goes on in the next one. */
  #inMessage = false;
  /** A part of the current chunk's message came before it. */
  #begun = false;
  #torn = false;

  constructor(reader: LaneReader) {
    this.reader = reader;
    this.#skips = reader.skips;
  }

  /** The player got part of a message whose rest is gone: what follows makes no sense to it, so its session ends. */
  get torn(): boolean {
    return this.#torn;
  }

  /** The current chunk is the first one, or the first after some were skipped. */
  get fresh(): boolean {
    return this.#fresh;
  }

  /** The player has all messages up to where the reader stands, from its key message on: it may go on with any other reader. */
  get running(): boolean {
    return !this.#starting && !this.#inMessage && this.reader.skips === this.#skips;
  }

  /** Moves to the next chunk that the player should get; false when there is none yet, or the reader is `torn`. */
  next(): boolean {
    const { reader } = this;
    this.#fresh = false;
    while (!this.#torn && reader.next()) {
      if (reader.skips !== this.#skips) this.#restart();
      if (this.#torn) return false;
      if (this.#starting) {
        if (!reader.key) continue;
        this.#starting = false;
        this.#fresh = true;
      } else if (reader.repeat) {
        continue;
      }
      this.#begun = this.#inMessage;
      this.#inMessage = reader.more;
      return true;
    }
    return false;
  }

  /** The current chunk's bytes were gone already (`hold` gave none): goes on at the newest key message. */
  skip(): void {
    this.#inMessage = this.#begun;
    this.reader.skip();
  }

  close(): void {
    this.reader.close();
  }

  #restart(): void {
    this.#skips = this.reader.skips;
    this.#starting = true;
    this.#torn = this.#inMessage;
  }
}
