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
import { AmfProblem } from "./errors.ts";

/** Type markers (AMF3 §3.1). */
const MARKER = {
  undefined: 0x00,
  null: 0x01,
  false: 0x02,
  true: 0x03,
  integer: 0x04,
  double: 0x05,
  string: 0x06,
  xmlDocument: 0x07,
  date: 0x08,
  array: 0x09,
  object: 0x0a,
  xml: 0x0b,
  byteArray: 0x0c,
  vectorInt: 0x0d,
  vectorUint: 0x0e,
  vectorDouble: 0x0f,
  vectorObject: 0x10,
  dictionary: 0x11,
} as const;

/** What an object of a class has for fields (AMF3 §3.12). */
interface Traits {
  readonly className: string;
  readonly dynamic: boolean;
  readonly names: readonly string[];
}

/**
 * Reads AMF3 values, one after the other, with one set of reference tables for all. Objects that read themselves
 * (externalizable) are refused: their form is known to their class only. Throws `AmfProblem`.
 */
export class Amf3Reader {
  readonly #input: AmfInput;
  readonly #budget: AmfBudget;
  readonly #strings: string[] = [];
  readonly #known: KnownAmf[] = [];
  readonly #traits: Traits[] = [];

  /** `budget`: shared with the AMF0 message that these values stand in. */
  constructor(bytes: Uint8Array, at = 0, budget: AmfBudget = new AmfBudget()) {
    this.#input = new AmfInput(bytes, at);
    this.#budget = budget;
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
    this.#budget.charge();
    switch (marker) {
      case MARKER.undefined:
        return undefined;
      case MARKER.null:
        return null;
      case MARKER.false:
        return false;
      case MARKER.true:
        return true;
      case MARKER.integer:
        // 29 bits, signed
        return (this.#u29() << 3) >> 3;
      case MARKER.double:
        return input.f64();
      case MARKER.string:
        return this.#string();
      default:
        return this.#complex(marker);
    }
  }

  #complex(marker: number): AmfValue {
    const first = marker >= MARKER.xmlDocument && marker <= MARKER.dictionary ? this.#u29() : -1;
    if (first < 0) throw new AmfProblem("flv.amf-marker", `AMF3 marker ${marker}`);
    if ((first & 1) === 0) return this.#budget.refer(this.#known, first >> 1);
    const count = first >> 1;
    switch (marker) {
      case MARKER.xmlDocument:
      case MARKER.xml:
        return this.#leaf(new AmfXml(this.#text(count)), count);
      case MARKER.date:
        return this.#leaf(new AmfDate(this.#input.f64()), 0);
      case MARKER.byteArray:
        this.#budget.add(count);
        return this.#leaf(this.#input.copy(count), count);
      case MARKER.array:
        return this.#array(count);
      case MARKER.object:
        return this.#object(first);
      case MARKER.dictionary:
        return this.#dictionary(count);
      default:
        return this.#vector(marker, count);
    }
  }

  #leaf<T extends AmfValue>(value: T, bytes: number): T {
    const known = knownValue(value);
    this.#known.push(known);
    known.weight += bytes;
    known.height = 0;
    return value;
  }

  #array(count: number): AmfValue {
    const items: AmfValue[] = [];
    const fields = amfObject();
    const known = knownValue(items);
    this.#known.push(known);
    let associative = false;
    this.#budget.nest(known, () => {
      for (let name = this.#string(); name !== ""; name = this.#string()) {
        associative = true;
        fields[name] = this.read();
      }
      if (count > this.#input.left) throw truncated();
      for (let i = 0; i < count; i++) items.push(this.read());
    });
    if (!associative) return items;
    for (const [i, item] of items.entries()) fields[i] = item;
    known.value = fields;
    return fields;
  }

  #object(first: number): AmfValue {
    const traits = this.#readTraits(first);
    const fields = amfObject();
    const value = traits.className === "" ? fields : new AmfTyped(traits.className, fields);
    const known = knownValue(value);
    this.#known.push(known);
    this.#budget.nest(known, () => {
      for (const name of traits.names) fields[name] = this.read();
      if (!traits.dynamic) return;
      for (let name = this.#string(); name !== ""; name = this.#string()) fields[name] = this.read();
    });
    return value;
  }

  #readTraits(first: number): Traits {
    if ((first & 2) === 0) {
      const traits = this.#traits[first >> 2];
      if (traits === undefined) throw new AmfProblem("flv.amf-reference", `no traits ${first >> 2}`);
      return traits;
    }
    const className = this.#string();
    if ((first & 4) !== 0) throw new AmfProblem("flv.amf-externalizable", `externalizable ${className}`);
    const count = first >> 4;
    if (count > this.#input.left) throw truncated();
    this.#budget.add(count * 64);
    const names: string[] = [];
    for (let i = 0; i < count; i++) names.push(this.#string());
    const traits = { className, dynamic: (first & 8) !== 0, names };
    this.#traits.push(traits);
    return traits;
  }

  #vector(marker: number, count: number): AmfValue {
    const input = this.#input;
    // Whether it is of a fixed length: nothing to us.
    input.u8();
    if (marker === MARKER.vectorObject) this.#string();
    const size = marker === MARKER.vectorObject ? 1 : marker === MARKER.vectorDouble ? 8 : 4;
    if (count * size > input.left) throw truncated();
    const items: AmfValue[] = [];
    const known = knownValue(items);
    this.#known.push(known);
    this.#budget.nest(known, () => {
      if (marker === MARKER.vectorObject) {
        for (let i = 0; i < count; i++) items.push(this.read());
        return;
      }
      this.#budget.add(count * 8);
      for (let i = 0; i < count; i++) {
        if (marker === MARKER.vectorDouble) items.push(input.f64());
        else items.push(marker === MARKER.vectorInt ? input.i32() : input.u32());
      }
    });
    return items;
  }

  /** Keys that are no text or number have no place in an object and are refused. */
  #dictionary(count: number): AmfValue {
    // Whether keys are held weakly: nothing to us.
    this.#input.u8();
    if (2 * count > this.#input.left) throw truncated();
    const fields = amfObject();
    const known = knownValue(fields);
    this.#known.push(known);
    this.#budget.nest(known, () => {
      for (let i = 0; i < count; i++) {
        const key = this.read();
        if (typeof key === "object") throw new AmfProblem("flv.amf-value", "a dictionary keyed by objects");
        fields[String(key)] = this.read();
      }
    });
    return fields;
  }

  #string(): string {
    const first = this.#u29();
    if ((first & 1) === 0) {
      const text = this.#strings[first >> 1];
      if (text === undefined) throw new AmfProblem("flv.amf-reference", `no string ${first >> 1}`);
      this.#budget.add(text.length);
      return text;
    }
    const text = this.#text(first >> 1);
    // The empty string is never referred to (AMF3 §1.3.2).
    if (text !== "") this.#strings.push(text);
    return text;
  }

  #text(count: number): string {
    if (count > this.#input.left) throw truncated();
    this.#budget.add(count);
    return this.#input.text(count);
  }

  /** Seven bits a byte, the last of four bytes has eight (AMF3 §1.3.1). */
  #u29(): number {
    let value = 0;
    for (let i = 0; i < 3; i++) {
      const byte = this.#input.u8();
      value = (value << 7) | (byte & 0x7f);
      if (byte < 0x80) return value;
    }
    return (value << 8) | this.#input.u8();
  }
}

/** All values from `at` on. Throws `AmfProblem`. */
export function parseAmf3(bytes: Uint8Array, at = 0): { values: AmfValue[] } {
  const reader = new Amf3Reader(bytes, at);
  const values: AmfValue[] = [];
  while (!reader.done) values.push(reader.read());
  return { values };
}

const MAX_INTEGER = 0x0fffffff;
const MIN_INTEGER = -0x10000000;
/** An anonymous object whose fields are all dynamic: inline traits without fields of their own. */
const DYNAMIC_OBJECT = 0x0b;

/** Writes AMF3 values. Repeated strings become references; objects are written out each time. */
export class Amf3Writer {
  readonly #output = new AmfOutput();
  readonly #strings = new Map<string, number>();
  #depth = 0;

  /** Throws `AmfProblem` beyond 64 levels, or for bytes beyond 2²⁸. */
  write(value: AmfValue): this {
    const output = this.#output;
    if (typeof value === "number") this.#number(value);
    else if (typeof value === "string") {
      output.u8(MARKER.string);
      this.#string(value);
    } else if (value === undefined) output.u8(MARKER.undefined);
    else if (value === null) output.u8(MARKER.null);
    else if (typeof value === "boolean") output.u8(value ? MARKER.true : MARKER.false);
    else this.#complex(value);
    return this;
  }

  /** A copy of what was written. */
  toBytes(): Uint8Array {
    return this.#output.toBytes();
  }

  #number(value: number): void {
    const fits = Number.isInteger(value) && value >= MIN_INTEGER && value <= MAX_INTEGER;
    if (fits && !Object.is(value, -0)) {
      this.#output.u8(MARKER.integer);
      this.#u29(value & 0x1fffffff);
    } else {
      this.#output.u8(MARKER.double);
      this.#output.f64(value);
    }
  }

  #complex(value: object): void {
    const output = this.#output;
    if (value instanceof AmfDate) {
      output.u8(MARKER.date);
      this.#u29(1);
      output.f64(value.ms);
    } else if (value instanceof AmfXml) {
      output.u8(MARKER.xml);
      this.#bytes(utf8(value.text));
    } else if (value instanceof Uint8Array) {
      output.u8(MARKER.byteArray);
      this.#bytes(value);
    } else this.#nested(value);
  }

  #nested(value: object): void {
    const output = this.#output;
    if (++this.#depth > MAX_AMF_DEPTH) throw tooDeep();
    if (Array.isArray(value)) {
      output.u8(MARKER.array);
      this.#u29((value.length << 1) | 1);
      this.#string("");
      for (const item of value as readonly AmfValue[]) this.write(item);
    } else if (value instanceof AmfEcmaArray) {
      output.u8(MARKER.array);
      this.#u29(1);
      this.#fields(value.fields);
    } else {
      const typed = value instanceof AmfTyped ? value : undefined;
      output.u8(MARKER.object);
      this.#u29(DYNAMIC_OBJECT);
      this.#string(typed?.className ?? "");
      this.#fields(typed?.fields ?? (value as AmfObject));
    }
    this.#depth--;
  }

  #fields(fields: AmfObject): void {
    for (const [name, value] of Object.entries(fields)) {
      if (name === "") throw new AmfProblem("flv.amf-value", "AMF3 has no fields without a name");
      this.#string(name);
      this.write(value);
    }
    this.#string("");
  }

  #string(text: string): void {
    const index = this.#strings.get(text);
    if (index !== undefined) {
      this.#u29(index << 1);
      return;
    }
    if (text !== "") this.#strings.set(text, this.#strings.size);
    this.#bytes(utf8(text));
  }

  #bytes(bytes: Uint8Array): void {
    if (bytes.length > MAX_INTEGER) throw new AmfProblem("flv.amf-size", "more than 2^28 bytes");
    this.#u29((bytes.length << 1) | 1);
    this.#output.append(bytes);
  }

  #u29(value: number): void {
    const output = this.#output;
    if (value >= 0x200000) {
      output.u8(0x80 | (value >>> 22));
      output.u8(0x80 | (value >>> 15));
      output.u8(0x80 | (value >>> 8));
      output.u8(value & 0xff);
      return;
    }
    if (value >= 0x4000) output.u8(0x80 | (value >>> 14));
    if (value >= 0x80) output.u8(0x80 | (value >>> 7));
    output.u8(value & 0x7f);
  }
}

/** The bytes of values in a row. Throws `AmfProblem`. */
export function serializeAmf3(values: readonly AmfValue[]): Uint8Array {
  const writer = new Amf3Writer();
  for (const value of values) writer.write(value);
  return writer.toBytes();
}
