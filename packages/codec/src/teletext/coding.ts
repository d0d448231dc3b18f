/** How teletext protects its bytes (ETSI EN 300 706 §8). Bytes have their first transmitted bit lowest. */

/** Returned where errors cannot be put right. */
export const DAMAGED = -1;

const reversed = new Uint8Array(256);
const nibbles = new Int8Array(256).fill(DAMAGED);

for (let byte = 0; byte < 256; byte++) {
  let other = 0;
  for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) other |= 0x80 >> bit;
  reversed[byte] = other;
}
for (let nibble = 0; nibble < 16; nibble++) {
  const byte = encodeHamming84(nibble);
  nibbles[byte] = nibble;
  for (let bit = 0; bit < 8; bit++) nibbles[byte ^ (1 << bit)] = nibble;
}

/** PES packets hold the first transmitted bit highest (ETSI EN 300 472 §4.3). */
export function reverseBits(byte: number): number {
  return reversed[byte] as number;
}

/** Four bits out of a byte; one wrong bit is put right (§8.2). */
export function hamming84(byte: number): number {
  return nibbles[byte] as number;
}

/** Seven bits behind odd parity (§8.1). */
export function oddParity(byte: number): number {
  return isOdd(byte) ? byte & 0x7f : DAMAGED;
}

/** Eighteen bits out of three bytes, the first one transmitted first; one wrong bit is put right (§8.3). */
export function hamming2418(first: number, second: number, third: number): number {
  let word = first | (second << 8) | (third << 16);
  // Each parity is odd over the places whose number has its bit: without an error their numbers make 31.
  let syndrome = 31;
  for (let place = 1; place < 24; place++) if (word & (1 << (place - 1))) syndrome ^= place;
  if (isOdd(word ^ (word >> 8) ^ (word >> 16))) {
    if (syndrome !== 0) return DAMAGED;
  } else if (syndrome > 23) return DAMAGED;
  else if (syndrome > 0) word ^= 1 << (syndrome - 1);
  return (
    ((word >> 2) & 1) | (((word >> 4) & 7) << 1) | (((word >> 8) & 0x7f) << 4) | (((word >> 16) & 0x7f) << 11)
  );
}

/** The byte that stands for four bits (§8.2). */
export function encodeHamming84(nibble: number): number {
  const [d1, d2, d3, d4] = [nibble & 1, (nibble >> 1) & 1, (nibble >> 2) & 1, (nibble >> 3) & 1];
  const p1 = 1 ^ d1 ^ d3 ^ d4;
  const p2 = 1 ^ d1 ^ d2 ^ d4;
  const p3 = 1 ^ d1 ^ d2 ^ d3;
  const p4 = 1 ^ p1 ^ d1 ^ p2 ^ d2 ^ p3 ^ d3 ^ d4;
  return p1 | (d1 << 1) | (p2 << 2) | (d2 << 3) | (p3 << 4) | (d3 << 5) | (p4 << 6) | (d4 << 7);
}

function isOdd(byte: number): boolean {
  let bits = byte & 0xff;
  bits ^= bits >> 4;
  return ((0x6996 >> (bits & 15)) & 1) === 1;
}
