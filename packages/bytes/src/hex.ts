import { bytesError } from "./errors.ts";

const DIGITS = "0123456789abcdef";

/** Lower-case hexadecimal of `bytes[start, end)`, without separators. */
export function hex(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let text = "";
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    text += DIGITS[byte >> 4]! + DIGITS[byte & 15]!;
  }
  return text;
}

/** Reads hexadecimal of either case; white space between digits is passed over. Throws `bytes.hex` on anything else. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, "");
  if (digits.length % 2 !== 0 || /[^0-9a-fA-F]/.test(digits)) {
    throw bytesError("bytes.hex", "not a whole number of hexadecimal bytes");
  }
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
