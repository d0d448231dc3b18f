export interface IcyEvents {
  /** Audio, valid until the call returns. */
  onAudio(bytes: Uint8Array): void;
  /** A metadata block as text: `StreamTitle='…';StreamUrl='…';`. Empty blocks, which mean "as before", are not told. */
  onMetadata(text: string): void;
}

/** A length byte counts in these. */
const UNIT_BYTES = 16;

/**
 * Takes the metadata out of an ICY stream, from any split of the bytes: behind every `icy-metaint` bytes of audio stand a
 * byte that counts in sixteens, and as many bytes of text, zeros at the end.
 */
export class IcyStream {
  readonly #interval: number;
  readonly #events: IcyEvents;
  readonly #block = new Uint8Array(255 * UNIT_BYTES);
  #audioLeft: number;
  /** Bytes of the block that are still to come. */
  #blockLeft = 0;
  #blockHave = 0;

  /** `interval`: bytes of audio between two blocks; 0 where there are none. */
  constructor(interval: number, events: IcyEvents) {
    this.#interval = interval;
    this.#events = events;
    this.#audioLeft = interval;
  }

  push(bytes: Uint8Array): void {
    if (this.#interval === 0) {
      this.#events.onAudio(bytes);
      return;
    }
    let at = 0;
    while (at < bytes.length) at = this.#step(bytes, at);
  }

  #step(bytes: Uint8Array, at: number): number {
    if (this.#blockLeft > 0) {
      const size = Math.min(this.#blockLeft, bytes.length - at);
      this.#block.set(bytes.subarray(at, at + size), this.#blockHave);
      this.#blockHave += size;
      this.#blockLeft -= size;
      if (this.#blockLeft === 0) this.#tell();
      return at + size;
    }
    if (this.#audioLeft > 0) {
      const size = Math.min(this.#audioLeft, bytes.length - at);
      this.#events.onAudio(bytes.subarray(at, at + size));
      this.#audioLeft -= size;
      return at + size;
    }
    this.#blockLeft = (bytes[at] as number) * UNIT_BYTES;
    this.#blockHave = 0;
    this.#audioLeft = this.#interval;
    return at + 1;
  }

  #tell(): void {
    const bytes = this.#block.subarray(0, this.#blockHave);
    const end = bytes.indexOf(0);
    this.#events.onMetadata(textOf(end < 0 ? bytes : bytes.subarray(0, end)));
  }
}

/** UTF-8, as most send it, else Latin-1. */
function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("latin1").decode(bytes);
  }
}

/** The title in a metadata block; undefined where it has none. Quotes may stand in the title itself. */
export function titleOf(metadata: string): string | undefined {
  return /StreamTitle='(.*?)'(?:;|$)/s.exec(metadata)?.[1];
}
