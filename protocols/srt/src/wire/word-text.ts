import { WireViolation } from "./violation.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Text as handshake extensions hold it (draft-sharabayko-srt §3.2.1.3): UTF-8 in little-endian words of 32 bits, filled
 * up with zeros. Throws `srt.bad-length` if that takes more than `maxBytes`.
 */
export function serializeWordText(text: string, maxBytes: number): Uint8Array {
  const plain = encoder.encode(text);
  const bytes = new Uint8Array((plain.length + 3) & ~3);
  if (bytes.length > maxBytes) throw tooLong(plain.length, maxBytes);
  bytes.set(plain);
  swapWords(bytes);
  return bytes;
}

/** Reads whole words; the zeros at the end are no part of the text. Throws `srt.bad-length` and `srt.bad-text`. */
export function parseWordText(words: Uint8Array, maxBytes: number): string {
  if (words.length > maxBytes) throw tooLong(words.length, maxBytes);
  const bytes = new Uint8Array(words);
  swapWords(bytes);
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  try {
    return decoder.decode(bytes.subarray(0, end));
  } catch {
    throw new WireViolation("srt.bad-text", "a text in the handshake is not UTF-8");
  }
}

function tooLong(bytes: number, maxBytes: number): WireViolation {
  return new WireViolation(
    "srt.bad-length",
    `a text of ${bytes} bytes in the handshake, the most is ${maxBytes}`,
  );
}

function swapWords(bytes: Uint8Array): void {
  for (let at = 0; at + 4 <= bytes.length; at += 4) bytes.subarray(at, at + 4).reverse();
}
