import { iso8859 } from "./text-tables.ts";

const LINE_BREAK = 0x8a;
/** Parts tried, in the order of preference: the selection bytes, then the part of ISO/IEC 8859. */
const PARTS: readonly { readonly prefix: readonly number[]; readonly part: number }[] = [
  { prefix: [0x05], part: 9 },
  { prefix: [0x01], part: 5 },
  { prefix: [0x0b], part: 15 },
  { prefix: [0x03], part: 7 },
  { prefix: [0x02], part: 6 },
  { prefix: [0x04], part: 8 },
  { prefix: [0x07], part: 11 },
  { prefix: [0x10, 0x00, 0x02], part: 2 },
];

/**
 * Encodes text as a DVB text field (EN 300 468 Annex A): bare when it is ASCII, else in the first single-byte table that
 * holds all of it, else as UTF-8. `\n` becomes the line-break control code, other control characters are dropped.
 * With `maxBytes` the text is cut after the last character that fits.
 */
export function encodeText(text: string, maxBytes = Number.POSITIVE_INFINITY): Uint8Array {
  const clean = text
    .normalize("NFC")
    .toWellFormed()
    .replace(/(?!\n)\p{Cc}|[\ue080-\ue09f]/gu, "");
  if (/^[\u0020-\u007e\n]*$/.test(clean)) return encodeAscii(clean, maxBytes);
  for (const { prefix, part } of PARTS) {
    const bytes = encodeSingle(clean, part, { prefix, maxBytes });
    if (bytes) return bytes;
  }
  return encodeUtf8(clean, maxBytes);
}

function encodeAscii(text: string, maxBytes: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(text.length, maxBytes));
  for (let i = 0; i < bytes.length; i++) bytes[i] = asciiByte(text.charCodeAt(i));
  return bytes;
}

function asciiByte(code: number): number {
  return code === 0x0a ? LINE_BREAK : code;
}

const reverseTables = new Map<number, ReadonlyMap<number, number>>();

/** Code point to byte, for 0xA0–0xFF of one part. */
function reverseTable(part: number): ReadonlyMap<number, number> {
  let reverse = reverseTables.get(part);
  if (!reverse) {
    const table = iso8859(part);
    const built = new Map<number, number>();
    if (table.form === "single") {
      const charset = new TextDecoder(table.label);
      for (let byte = 0xa0; byte <= 0xff; byte++) {
        const code = charset.decode(Uint8Array.of(byte)).codePointAt(0) as number;
        if (code !== 0xfffd) built.set(code, byte);
      }
    }
    reverse = built;
    reverseTables.set(part, reverse);
  }
  return reverse;
}

function encodeSingle(
  text: string,
  part: number,
  { prefix, maxBytes }: { prefix: readonly number[]; maxBytes: number },
): Uint8Array | undefined {
  const reverse = reverseTable(part);
  const bytes: number[] = [...prefix];
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    const byte = code < 0x7f ? asciiByte(code) : reverse.get(code);
    if (byte === undefined) return undefined;
    if (bytes.length < maxBytes) bytes.push(byte);
  }
  return maxBytes < prefix.length ? new Uint8Array(0) : Uint8Array.from(bytes);
}

function encodeUtf8(text: string, maxBytes: number): Uint8Array {
  const whole = new TextEncoder().encode(text.replaceAll("\n", "\ue08a"));
  const room = Math.min(whole.length, maxBytes - 1);
  if (room < 0) return new Uint8Array(0);
  let end = room;
  // Not in the middle of a character: back over continuation bytes.
  while (end > 0 && end < whole.length && ((whole[end] as number) & 0xc0) === 0x80) end--;
  const bytes = new Uint8Array(end + 1);
  bytes[0] = 0x15;
  bytes.set(whole.subarray(0, end), 1);
  return bytes;
}
