import { fromBase64, fromHex, toBase64, toHex } from "../base64.ts";
import { PlaylistError } from "../errors.ts";
import { formatScaled, parseScaled } from "../hls/attributes.ts";
import { formatDateTime, parseDateTime } from "../hls/date-time.ts";
import { formatDuration, parseDuration } from "./duration.ts";

/** How one kind of value is written in an attribute or in an element's text. */
export interface ValueForm<V> {
  /** Undefined where the text is no such value. */
  read(text: string): V | undefined;
  /** Throws `playlist.bad-value` for what cannot be written. */
  write(value: V): string;
}

export const textForm: ValueForm<string> = { read: (text) => text, write: (value) => value };

/** A whole number that a double holds exactly: above 2^53 - 1 it is not read. */
export const integerForm: ValueForm<number> = {
  read(text) {
    const value = /^\+?\d{1,16}$/.test(text.trim()) ? Number(text) : undefined;
    return Number.isSafeInteger(value) ? value : undefined;
  },
  write(value) {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new PlaylistError("playlist.bad-value", `${value} is no whole number`);
    return String(value);
  },
};

export const signedForm: ValueForm<number> = {
  read(text) {
    const value = /^[+-]?\d{1,16}$/.test(text.trim()) ? Number(text) : undefined;
    return Number.isSafeInteger(value) ? (value as number) + 0 : undefined;
  },
  write(value) {
    if (!Number.isSafeInteger(value))
      throw new PlaylistError("playlist.bad-value", `${value} is no whole number`);
    return String(value);
  },
};

export const booleanForm: ValueForm<boolean> = {
  read(text) {
    const word = text.trim().toLowerCase();
    return word === "true" || word === "1" ? true : word === "false" || word === "0" ? false : undefined;
  },
  write: (value) => (value ? "true" : "false"),
};

/** xs:dateTime as milliseconds of UTC. */
export const dateForm: ValueForm<number> = { read: parseDateTime, write: formatDateTime };

/** xs:duration as microseconds. */
export const durationForm: ValueForm<number> = { read: parseDuration, write: formatDuration };

/** xs:double as a whole number of `1/scale` units; `INF` is Infinity. */
function scaledForm(scale: number): ValueForm<number> {
  return {
    read(text) {
      const word = text.trim();
      if (word === "INF" || word === "+INF") return Number.POSITIVE_INFINITY;
      const exponent = /^([+-]?[\d.]+)[eE]([+-]?\d{1,2})$/.exec(word);
      if (exponent === null) return parseScaled(word.replace(/^\+/, ""), scale);
      const value = Math.round(Number(exponent[1]) * 10 ** Number(exponent[2]) * scale);
      return Number.isSafeInteger(value) ? value + 0 : undefined;
    },
    write: (value) => (value === Number.POSITIVE_INFINITY ? "INF" : formatScaled(value, scale)),
  };
}

/** Seconds as microseconds. */
export const secondsForm = scaledForm(1e6);

export const thousandthsForm = scaledForm(1e3);

/** A list with a separator; `separator` is what is written, `pattern` what is read. */
function listForm(separator: string, pattern: RegExp): ValueForm<readonly string[]> {
  return {
    read: (text) =>
      text
        .trim()
        .split(pattern)
        .filter((one) => one !== ""),
    write(value) {
      if (value.some((one) => one === "" || pattern.test(one) || one !== one.trim()))
        throw new PlaylistError("playlist.bad-value", `"${value.join('", "')}" cannot stand in one list`);
      return value.join(separator);
    },
  };
}

/** Separated by commas: profiles and codecs. */
export const commaListForm = listForm(",", /\s*,\s*/);

/** Separated by spaces. */
export const wordListForm = listForm(" ", /\s+/);

/** First and last byte, both of the range; without a last one it goes to the end of the resource. */
export interface ByteSpan {
  readonly first: number;
  readonly last?: number;
}

/** `first-last`, as in HTTP (RFC 9110 §14.1.2). */
export const byteSpanForm: ValueForm<ByteSpan> = {
  read(text) {
    const match = /^(\d{1,15})-(\d{1,15})?$/.exec(text.trim());
    if (match === null) return undefined;
    const first = Number(match[1]);
    return match[2] === undefined ? { first } : { first, last: Number(match[2]) };
  },
  write: ({ first, last }) =>
    `${integerForm.write(first)}-${last === undefined ? "" : integerForm.write(last)}`,
};

export const base64Form: ValueForm<Uint8Array> = { read: fromBase64, write: toBase64 };

export const hexForm: ValueForm<Uint8Array> = { read: (text) => fromHex(text.trim()), write: toHex };

/** One of some words. */
export function wordForm<W extends string>(...words: readonly W[]): ValueForm<W> {
  return {
    read: (text) => words.find((word) => word === text.trim()),
    write: (value) => value,
  };
}
