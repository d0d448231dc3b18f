import { putU32be, u32be } from "@millrace/bytes";
import { HEADER_BYTES } from "./header.ts";
import { isRange, MAX_SEQUENCE } from "./sequence-range.ts";

const RANGE_BIT = 0x8000_0000;

/**
 * Reads a whole NAK packet (draft-sharabayko-srt §3.2.5, appendix A) and gives its ranges, both ends included, in
 * their order. False if the list is empty or malformed: nothing has been visited then. Ranges may overlap, and reach
 * over the wrap of the 31-bit numbers.
 */
export function readLossReport(packet: Uint8Array, visit: (low: number, high: number) => void): boolean {
  if (!isWellFormed(packet)) return false;
  for (let at = HEADER_BYTES; at < packet.length; at += 4) {
    const word = u32be(packet, at);
    if (word <= MAX_SEQUENCE) {
      visit(word, word);
    } else {
      at += 4;
      visit(word & MAX_SEQUENCE, u32be(packet, at));
    }
  }
  return true;
}

function isWellFormed(packet: Uint8Array): boolean {
  const bytes = packet.length - HEADER_BYTES;
  if (bytes <= 0 || bytes % 4 !== 0) return false;
  for (let at = HEADER_BYTES; at < packet.length; at += 4) {
    const word = u32be(packet, at);
    if (word <= MAX_SEQUENCE) continue;
    at += 4;
    if (at >= packet.length || !isRange(word & MAX_SEQUENCE, u32be(packet, at))) return false;
  }
  return true;
}

/**
 * The body of a NAK, for `serializeControl`, with the first ranges of the `count` that `low` and `high` (both
 * included) give, as many as `maxBytes` holds. Empty if not even one fits.
 */
export function serializeLossReport(
  count: number,
  low: (index: number) => number,
  high: (index: number) => number,
  maxBytes: number,
): Uint8Array {
  const body = new Uint8Array(Math.max(0, Math.min(8 * count, maxBytes)));
  let at = 0;
  for (let i = 0; i < count; i++) {
    const first = low(i) & MAX_SEQUENCE;
    const last = high(i) & MAX_SEQUENCE;
    const next = at + (first === last ? 4 : 8);
    if (next > body.length) break;
    if (first !== last) putU32be(body, at, RANGE_BIT | first);
    putU32be(body, next - 4, last);
    at = next;
  }
  return body.subarray(0, at);
}
