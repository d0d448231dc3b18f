import { putU16be, putU32be } from "@millrace/bytes";
import { truncated } from "./amf-value.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** The bytes of a string in UTF-8. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Reads what AMF0 and AMF3 are made of. Throws `flv.amf-truncated` at the end. */
export class AmfInput {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  u8(): number {
    return this.bytes[this.#take(1)] as number;
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  i16(): number {
    return this.#view.getInt16(this.#take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4));
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  /** A copy of the next `count` bytes. */
  copy(count: number): Uint8Array {
    const at = this.#take(count);
    return this.bytes.slice(at, at + count);
  }

  text(count: number): string {
    const at = this.#take(count);
    // A slice, because TextDecoder refuses views over shared memory.
    return decoder.decode(this.bytes.slice(at, at + count));
  }

  #take(count: number): number {
    const at = this.at;
    if (count > this.bytes.length - at) throw truncated();
    this.at = at + count;
    return at;
  }
}

/** Bytes that grow. */
export class AmfOutput {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  u8(value: number): void {
    // Room first: it may put other bytes in place.
    const at = this.#room(1);
    this.#bytes[at] = value;
  }

  u16(value: number): void {
    const at = this.#room(2);
    putU16be(this.#bytes, at, value);
  }

  u32(value: number): void {
    const at = this.#room(4);
    putU32be(this.#bytes, at, value);
  }

  f64(value: number): void {
    const at = this.#room(8);
    this.#view.setFloat64(at, value);
  }

  append(bytes: Uint8Array): void {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** A copy of what was written. */
  toBytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #room(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      bytes.set(this.#bytes.subarray(0, at));
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer);
    }
    return at;
  }
}
