import { AmfProblem } from "./errors.ts";

/** Any value of AMF0 or AMF3. */
export type AmfValue =
  | number
  | boolean
  | string
  | null
  | undefined
  | AmfDate
  | AmfXml
  | AmfTyped
  | AmfEcmaArray
  | Uint8Array
  | readonly AmfValue[]
  | AmfObject;

/** An anonymous object. Those that readers make have no prototype, so any name is safe in them. */
export interface AmfObject {
  [name: string]: AmfValue;
}

/** A point in time. */
export class AmfDate {
  readonly kind = "date";
  /** Milliseconds since 1970, UTC. */
  readonly ms: number;

  constructor(ms: number) {
    this.ms = ms;
  }
}

/** An XML document, unread. */
export class AmfXml {
  readonly kind = "xml";
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** An object of a class that has a name. */
export class AmfTyped {
  readonly kind = "typed";
  readonly className: string;
  readonly fields: AmfObject;

  constructor(className: string, fields: AmfObject) {
    this.className = className;
    this.fields = fields;
  }
}

/** For writers only: fields to be written as an ECMA array. Readers give an `AmfObject` for one. */
export class AmfEcmaArray {
  readonly kind = "ecma";
  readonly fields: AmfObject;

  constructor(fields: AmfObject) {
    this.fields = fields;
  }
}

/** Marks fields to be written as an ECMA array, as `onMetaData` has them since Flash. */
export function ecmaArray(fields: AmfObject): AmfEcmaArray {
  return new AmfEcmaArray(fields);
}

/** An object without prototype, with the fields given. */
export function amfObject(fields: AmfObject = {}): AmfObject {
  return Object.assign(Object.create(null) as AmfObject, fields);
}

/** Whether a value is a plain object (an ECMA array that was read is one, too). */
export function isAmfObject(value: AmfValue): value is AmfObject {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof AmfDate) &&
    !(value instanceof AmfXml) &&
    !(value instanceof AmfTyped) &&
    !(value instanceof AmfEcmaArray)
  );
}

/** Levels of objects and arrays in one another. */
export const MAX_AMF_DEPTH = 64;
/** What one reader takes in: each value weighs `VALUE_WEIGHT`, each string and byte array its length besides. */
const MAX_AMF_WEIGHT = 8 << 20;
const VALUE_WEIGHT = 64;

/** A complex value that was read, for the references to it. */
interface Known {
  value: AmfValue;
  /** What it adds each time it is referred to. */
  weight: number;
  /** Levels below it; -1 until it is complete. */
  height: number;
}

/**
 * Bounds what a reader makes of its input. References are charged with all that they refer to, so that a few bytes cannot
 * stand for a tree that fills the memory of whoever walks it; a value that contains itself is refused.
 */
export class AmfBudget {
  #weight = 0;
  #depth = 0;
  /** Deepest level reached since the value in work began. */
  #deepest = 0;

  /** Charges one value, and `bytes` of text or bytes in it. */
  charge(bytes = 0): void {
    this.add(VALUE_WEIGHT + bytes);
  }

  add(weight: number): void {
    this.#weight += weight;
    if (this.#weight > MAX_AMF_WEIGHT) throw new AmfProblem("flv.amf-size", "too many values");
  }

  /** Reads the members of a complex value by `read`, one level down, and notes in `known` what they weigh. */
  nest(known: Known, read: () => void): void {
    const weight = this.#weight;
    const deepest = this.#deepest;
    this.#deepest = ++this.#depth;
    if (this.#depth > MAX_AMF_DEPTH) throw tooDeep();
    read();
    known.height = this.#deepest - this.#depth + 1;
    known.weight = this.#weight - weight + VALUE_WEIGHT;
    this.#deepest = Math.max(deepest, this.#deepest);
    this.#depth--;
  }

  /** The value that reference `index` of `table` means. */
  refer(table: readonly Known[], index: number): AmfValue {
    const known = table[index];
    if (known === undefined) throw new AmfProblem("flv.amf-reference", `no value ${index} to refer to`);
    if (known.height < 0) throw new AmfProblem("flv.amf-reference", "a value that contains itself");
    if (this.#depth + known.height > MAX_AMF_DEPTH) throw tooDeep();
    this.#deepest = Math.max(this.#deepest, this.#depth + known.height);
    this.add(known.weight);
    return known.value;
  }
}

/** The entry of a value in a table of references, to be completed by `AmfBudget.nest`. */
export function knownValue(value: AmfValue, weight = VALUE_WEIGHT, height = -1): Known {
  return { value, weight, height };
}

export type { Known as KnownAmf };

export function tooDeep(): AmfProblem {
  return new AmfProblem("flv.amf-depth", `more than ${MAX_AMF_DEPTH} levels`);
}

export function truncated(): AmfProblem {
  return new AmfProblem("flv.amf-truncated", "cut short");
}
