import { putU16be, putU24be, putU32be, putU64be } from "@millrace/bytes";

const encoder = new TextEncoder();

/** Writes boxes (ISO/IEC 14496-12 §4.2) into a buffer that grows; sizes are filled in when a box ends. */
export class BoxWriter {
  #bytes: Uint8Array;
  #length = 0;
  readonly #open: number[] = [];

  /** `capacity`: bytes to reserve at first. */
  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Begins a Box. */
  begin(type: string): this {
    this.#open.push(this.#length);
    return this.u32(0).fourCc(type);
  }

  /** Begins a FullBox. */
  beginFull(type: string, version: number, flags: number): this {
    return this.begin(type).u8(version).u24(flags);
  }

  /** Ends the box that was begun last. */
  end(): this {
    const start = this.#open.pop() as number;
    putU32be(this.#bytes, start, this.#length - start);
    return this;
  }

  /** A whole box around `payload`. */
  box(type: string, payload: Uint8Array): this {
    return this.begin(type).bytes(payload).end();
  }

  u8(value: number): this {
    const at = this.#reserve(1);
    this.#bytes[at] = value;
    this.#length++;
    return this;
  }

  u16(value: number): this {
    const at = this.#reserve(2);
    putU16be(this.#bytes, at, value);
    this.#length += 2;
    return this;
  }

  u24(value: number): this {
    const at = this.#reserve(3);
    putU24be(this.#bytes, at, value);
    this.#length += 3;
    return this;
  }

  /** Also signed values, as two's complement. */
  u32(value: number): this {
    const at = this.#reserve(4);
    putU32be(this.#bytes, at, value);
    this.#length += 4;
    return this;
  }

  /** An integer of up to 2⁵³. */
  u64(value: number): this {
    const at = this.#reserve(8);
    putU64be(this.#bytes, at, value);
    this.#length += 8;
    return this;
  }

  zeros(count: number): this {
    const at = this.#reserve(count);
    this.#bytes.fill(0, at, at + count);
    this.#length += count;
    return this;
  }

  bytes(source: Uint8Array): this {
    const at = this.#reserve(source.length);
    this.#bytes.set(source, at);
    this.#length += source.length;
    return this;
  }

  /** Four characters of Latin-1. */
  fourCc(code: string): this {
    const at = this.#reserve(4);
    for (let i = 0; i < 4; i++) this.#bytes[at + i] = code.charCodeAt(i);
    this.#length += 4;
    return this;
  }

  /** UTF-8 without an end. */
  text(text: string): this {
    return this.bytes(encoder.encode(text));
  }

  /** UTF-8 with a zero byte behind it. */
  textZ(text: string): this {
    return this.text(text.replaceAll("\0", "")).u8(0);
  }

  /** Overwrites 32 bits at an offset. */
  patchU32(at: number, value: number): void {
    putU32be(this.#bytes, at, value);
  }

  /** What was written: a view, not to be written on. */
  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes room. Returns where it begins; `#bytes` may be another array then, so it must not be read before. */
  #reserve(count: number): number {
    const need = this.#length + count;
    if (need > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(need, 2 * this.#bytes.length));
      bytes.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = bytes;
    }
    return this.#length;
  }
}
