import { AmfInput, AmfOutput, utf8 } from "./amf-bytes.ts";
import {
  AmfBudget,
  AmfDate,
  AmfEcmaArray,
  type AmfObject,
  AmfTyped,
  type AmfValue,
  AmfXml,
  amfObject,
  type KnownAmf,
  knownValue,
  MAX_AMF_DEPTH,
  tooDeep,
  truncated,
} from "./amf-value.ts";
import { Amf3Reader } from "./amf3.ts";
import { AmfProblem } from "./errors.ts";

/** Type markers (AMF0 §2.1). */
const MARKER = {
  number: 0x00,
  boolean: 0x01,
  string: 0x02,
  object: 0x03,
  null: 0x05,
  undefined: 0x06,
  reference: 0x07,
  ecmaArray: 0x08,
  objectEnd: 0x09,
  strictArray: 0x0a,
  date: 0x0b,
  longString: 0x0c,
  unsupported: 0x0d,
  xml: 0x0f,
  typed: 0x10,
  amf3: 0x11,
} as const;

/**
 * Reads the AMF0 values of one message, one after the other. References count within the message. Bounded in depth and in
 * the number of values; throws `AmfProblem`, and is of no use afterwards.
 */
export class Amf0Reader {
  readonly #input: AmfInput;
  readonly #budget = new AmfBudget();
  readonly #known: KnownAmf[] = [];

  constructor(bytes: Uint8Array, at = 0) {
    this.#input = new AmfInput(bytes, at);
  }

  /** Index of the next byte. */
  get at(): number {
    return this.#input.at;
  }

  /** Whether all bytes are read. */
  get done(): boolean {
    return this.#input.left <= 0;
  }

  read(): AmfValue {
    const input = this.#input;
    const marker = input.u8();
    switch (marker) {
      case MARKER.number:
        return this.#scalar(input.f64());
      case MARKER.boolean:
        return this.#scalar(input.u8() !== 0);
      case MARKER.string:
        return this.#text(input.u16());
      case MARKER.longString:
        return this.#text(input.u32());
      case MARKER.xml:
        return new AmfXml(this.#text(input.u32()));
      case MARKER.null:
        return this.#scalar(null);
      case MARKER.undefined:
      case MARKER.unsupported:
        return this.#scalar(undefined);
      case MARKER.date:
        return this.#date();
      case MARKER.reference:
        return this.#budget.refer(this.#known, input.u16());
      case MARKER.amf3:
        return this.#amf3();
      default:
        return this.#complex(marker);
    }
  }

  #scalar<T extends AmfValue>(value: T): T {
    this.#budget.charge();
    return value;
  }

  #text(count: number): string {
    if (count > this.#input.left) throw truncated();
    this.#budget.charge(count);
    return this.#input.text(count);
  }

  #date(): AmfDate {
    this.#budget.charge();
    const ms = this.#input.f64();
    // A time zone that is to be 0 (AMF0 §2.13).
    this.#input.i16();
    return new AmfDate(ms);
  }

  #amf3(): AmfValue {
    const reader = new Amf3Reader(this.#input.bytes, this.#input.at, this.#budget);
    const value = reader.read();
    this.#input.at = reader.at;
    return value;
  }

  #complex(marker: number): AmfValue {
    this.#budget.charge();
    switch (marker) {
      case MARKER.object:
        return this.#object(false);
      case MARKER.ecmaArray:
        // The count is often wrong: fields are read up to the end marker.
        this.#input.u32();
        return this.#object(true);
      case MARKER.typed: {
        const className = this.#input.text(this.#input.u16());
        const fields = amfObject();
        const value = new AmfTyped(className, fields);
        this.#fields(value, fields, false);
        return value;
      }
      case MARKER.strictArray:
        return this.#array(this.#input.u32());
      default:
        throw new AmfProblem("flv.amf-marker", `AMF0 marker ${marker}`);
    }
  }

  #object(mayLackEnd: boolean): AmfObject {
    const fields = amfObject();
    this.#fields(fields, fields, mayLackEnd);
    return fields;
  }

  /** `mayLackEnd`: some writers leave the end marker of an ECMA array away where the message ends. */
  #fields(value: AmfValue, fields: AmfObject, mayLackEnd: boolean): void {
    const known = knownValue(value);
    this.#known.push(known);
    const input = this.#input;
    this.#budget.nest(known, () => {
      while (!(mayLackEnd && input.left === 0)) {
        const length = input.u16();
        if (length === 0 && input.bytes[input.at] === MARKER.objectEnd) {
          input.at++;
          return;
        }
        this.#budget.add(length);
        const name = input.text(length);
        fields[name] = this.read();
      }
    });
  }

  #array(count: number): AmfValue[] {
    // Each value takes a byte at least.
    if (count > this.#input.left) throw truncated();
    const value: AmfValue[] = [];
    const known = knownValue(value);
    this.#known.push(known);
    this.#budget.nest(known, () => {
      for (let i = 0; i < count; i++) value.push(this.read());
    });
    return value;
  }
}

/** All values of a message from `at` on. Throws `AmfProblem`. */
export function parseAmf0(bytes: Uint8Array, at = 0): { values: AmfValue[] } {
  const reader = new Amf0Reader(bytes, at);
  const values: AmfValue[] = [];
  while (!reader.done) values.push(reader.read());
  return { values };
}

/** Writes AMF0 values: objects as objects, arrays as strict arrays, `ecmaArray(…)` as ECMA arrays. */
export class Amf0Writer {
  readonly #output = new AmfOutput();
  #depth = 0;

  /** Throws `AmfProblem` for what AMF0 cannot carry: byte arrays, more than 64 levels. */
  write(value: AmfValue): this {
    const output = this.#output;
    if (typeof value === "number") {
      output.u8(MARKER.number);
      output.f64(value);
    } else if (typeof value === "boolean") {
      output.u8(MARKER.boolean);
      output.u8(value ? 1 : 0);
    } else if (typeof value === "string") this.#string(value);
    else if (value === undefined) output.u8(MARKER.undefined);
    else if (value === null) output.u8(MARKER.null);
    else this.#complex(value);
    return this;
  }

  /** A copy of what was written. */
  toBytes(): Uint8Array {
    return this.#output.toBytes();
  }

  #string(text: string): void {
    const bytes = utf8(text);
    if (bytes.length > 0xffff) {
      this.#output.u8(MARKER.longString);
      this.#output.u32(bytes.length);
    } else {
      this.#output.u8(MARKER.string);
      this.#output.u16(bytes.length);
    }
    this.#output.append(bytes);
  }

  #complex(value: object): void {
    const output = this.#output;
    if (value instanceof AmfDate) {
      output.u8(MARKER.date);
      output.f64(value.ms);
      output.u16(0);
    } else if (value instanceof AmfXml) {
      const bytes = utf8(value.text);
      output.u8(MARKER.xml);
      output.u32(bytes.length);
      output.append(bytes);
    } else if (value instanceof Uint8Array) {
      throw new AmfProblem("flv.amf-value", "AMF0 has no byte arrays");
    } else this.#nested(value);
  }

  #nested(value: object): void {
    const output = this.#output;
    if (++this.#depth > MAX_AMF_DEPTH) throw tooDeep();
    if (Array.isArray(value)) {
      output.u8(MARKER.strictArray);
      output.u32(value.length);
      for (const item of value as readonly AmfValue[]) this.write(item);
    } else if (value instanceof AmfEcmaArray) {
      output.u8(MARKER.ecmaArray);
      output.u32(Object.keys(value.fields).length);
      this.#fields(value.fields);
    } else if (value instanceof AmfTyped) {
      output.u8(MARKER.typed);
      this.#name(value.className);
      this.#fields(value.fields);
    } else {
      output.u8(MARKER.object);
      this.#fields(value as AmfObject);
    }
    this.#depth--;
  }

  #fields(fields: AmfObject): void {
    for (const [name, value] of Object.entries(fields)) {
      this.#name(name);
      this.write(value);
    }
    this.#output.u16(0);
    this.#output.u8(MARKER.objectEnd);
  }

  #name(name: string): void {
    const bytes = utf8(name);
    if (bytes.length > 0xffff) throw new AmfProblem("flv.amf-value", "a name above 65535 bytes");
    this.#output.u16(bytes.length);
    this.#output.append(bytes);
  }
}

/** The bytes of values in a row. Throws `AmfProblem`. */
export function serializeAmf0(values: readonly AmfValue[]): Uint8Array {
  const writer = new Amf0Writer();
  for (const value of values) writer.write(value);
  return writer.toBytes();
}
