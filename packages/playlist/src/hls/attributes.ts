import { PlaylistError } from "../errors.ts";

/**
 * One attribute as it stands in the text (RFC 8216 §4.2). `value` is without the quotes; `quoted` says whether it had
 * any, because `NONE` and `"NONE"` differ.
 */
export interface Attribute {
  readonly name: string;
  readonly value: string;
  readonly quoted: boolean;
}

const UPPER_A = 0x41;
const UPPER_Z = 0x5a;

function isNameCode(code: number): boolean {
  // [A-Z0-9-]; lower case is against the standard but is met with, so it is read.
  return (
    (code >= UPPER_A && code <= UPPER_Z) ||
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2d ||
    code === 0x5f
  );
}

function skipSpaces(text: string, at: number): number {
  while (text.charCodeAt(at) === 0x20 || text.charCodeAt(at) === 0x09) at += 1;
  return at;
}

/**
 * Splits an attribute list. What cannot be read is passed over up to the next comma, and told to `onProblem`. Of an
 * attribute given twice the first counts.
 */
export function parseAttributes(text: string, onProblem?: (message: string) => void): Attribute[] {
  const found: Attribute[] = [];
  const seen = new Set<string>();
  let at = skipSpaces(text, 0);
  while (at < text.length) {
    const nameAt = at;
    while (at < text.length && isNameCode(text.charCodeAt(at))) at += 1;
    const name = text.slice(nameAt, at);
    if (name === "" || text[at] !== "=") {
      onProblem?.(`attribute expected at "${text.slice(nameAt, nameAt + 20)}"`);
      const comma = text.indexOf(",", at);
      at = comma < 0 ? text.length : skipSpaces(text, comma + 1);
      continue;
    }
    const [value, quoted, end] = readValue(text, at + 1, onProblem);
    if (!quoted && (value === "" || value.includes('"')))
      onProblem?.(`${name} has no value that can be read`);
    else if (seen.has(name)) onProblem?.(`attribute ${name} is given twice`);
    else found.push({ name, value, quoted });
    seen.add(name);
    at = skipSpaces(text, end);
  }
  return found;
}

/** The value from `at`, and where the next attribute begins. */
function readValue(
  text: string,
  at: number,
  onProblem?: (message: string) => void,
): [value: string, quoted: boolean, end: number] {
  at = skipSpaces(text, at);
  if (text[at] === '"') {
    const close = text.indexOf('"', at + 1);
    if (close < 0) {
      onProblem?.("quoted string without its end");
      return [text.slice(at + 1), true, text.length];
    }
    const comma = text.indexOf(",", close);
    if (text.slice(close + 1, comma < 0 ? undefined : comma).trim() !== "")
      onProblem?.("text behind a quoted string");
    return [text.slice(at + 1, close), true, comma < 0 ? text.length : comma + 1];
  }
  const comma = text.indexOf(",", at);
  const value = text.slice(at, comma < 0 ? undefined : comma).trim();
  return [value, false, comma < 0 ? text.length : comma + 1];
}

/** Typed access to an attribute list, remembering which attributes have been asked for. */
export class AttributeReader {
  readonly #attributes: readonly Attribute[];
  readonly #taken = new Set<string>();

  constructor(attributes: readonly Attribute[]) {
    this.#attributes = attributes;
  }

  #take(name: string): Attribute | undefined {
    this.#taken.add(name);
    return this.#attributes.find((attribute) => attribute.name === name);
  }

  /** The text of the value, quoted or not. */
  text(name: string): string | undefined {
    return this.#take(name)?.value;
  }

  /** An enumerated-string or a number: undefined where it has what such a value cannot have. */
  word(name: string): string | undefined {
    const value = this.#take(name)?.value;
    return value !== undefined && /^[^\s",]+$/.test(value) ? value : undefined;
  }

  /** A decimal-integer below 2^53. */
  integer(name: string): number | undefined {
    const value = this.#take(name)?.value;
    if (value === undefined || !/^\d{1,16}$/.test(value)) return undefined;
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : undefined;
  }

  /** A (signed) decimal number times `scale`, rounded: seconds with a scale of 1e6 give microseconds. */
  scaled(name: string, scale: number): number | undefined {
    const value = this.#take(name)?.value;
    return value === undefined ? undefined : parseScaled(value, scale);
  }

  /** `YES` is true; anything else that is present is false. */
  yes(name: string): boolean | undefined {
    const value = this.#take(name)?.value;
    return value === undefined ? undefined : value === "YES";
  }

  /** Those that nobody has asked for. */
  rest(): Attribute[] {
    return this.#attributes.filter((attribute) => !this.#taken.has(attribute.name));
  }
}

/** `4.00008` with a scale of 1e6 gives 4000080. Undefined where it is no decimal number. */
export function parseScaled(text: string, scale: number): number | undefined {
  if (!/^-?(?:\d{1,15}(?:\.\d*)?|\.\d+)$/.test(text)) return undefined;
  const value = Math.round(Number(text) * scale);
  return Number.isSafeInteger(value) ? value + 0 : undefined;
}

/** An integer of `1/scale` units as a decimal: at least `least` digits behind the point, no needless zeros after those. */
export function formatScaled(value: number, scale: number, least = 0): string {
  if (!Number.isSafeInteger(value)) throw new PlaylistError("playlist.bad-value", `${value} is no integer`);
  const most = Math.round(Math.log10(scale));
  const whole = Math.floor(Math.abs(value) / scale);
  const sign = value < 0 ? "-" : "";
  let digits = String(Math.abs(value) % scale).padStart(most, "0");
  while (digits.length > least && digits.endsWith("0")) digits = digits.slice(0, -1);
  return digits === "" ? `${sign}${whole}` : `${sign}${whole}.${digits}`;
}

/** Writes attribute lists in the order of the calls; undefined values are left out. */
export class AttributeWriter {
  readonly #parts: string[] = [];

  #add(name: string, written: string): this {
    this.#parts.push(`${name}=${written}`);
    return this;
  }

  quoted(name: string, value: string | undefined): this {
    return value === undefined ? this : this.#add(name, `"${checkQuotable(name, value)}"`);
  }

  /** An enumerated-string, a hexadecimal-sequence or a decimal-resolution: written as it is. */
  bare(name: string, value: string | undefined): this {
    if (value === undefined) return this;
    if (!/^[^\s",]+$/.test(value)) throw new PlaylistError("playlist.bad-value", `${name}: ${value}`);
    return this.#add(name, value);
  }

  integer(name: string, value: number | undefined): this {
    if (value === undefined) return this;
    if (!Number.isSafeInteger(value) || value < 0)
      throw new PlaylistError("playlist.bad-value", `${name}: ${value} is no decimal-integer`);
    return this.#add(name, String(value));
  }

  /** A decimal-floating-point, from an integer of `1/scale` units. */
  scaled(name: string, value: number | undefined, digits: { scale: number; least?: number }): this {
    return value === undefined ? this : this.#add(name, formatScaled(value, digits.scale, digits.least));
  }

  yesNo(name: string, value: boolean | undefined): this {
    return value === undefined ? this : this.#add(name, value ? "YES" : "NO");
  }

  all(attributes: readonly Attribute[] | undefined): this {
    for (const { name, value, quoted } of attributes ?? []) {
      if (quoted) this.quoted(name, value);
      else if (value !== "" && !/[",\r\n]/.test(value)) this.#add(name, value);
      else throw new PlaylistError("playlist.bad-value", `${name}: ${value}`);
    }
    return this;
  }

  toString(): string {
    return this.#parts.join(",");
  }
}

function checkQuotable(name: string, value: string): string {
  if (/["\r\n]/.test(value))
    throw new PlaylistError(
      "playlist.bad-value",
      `${name}: a quoted string holds neither quotes nor line ends`,
    );
  return value;
}
