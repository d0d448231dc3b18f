import { u24be } from "@millrace/bytes";

const TAG_HEADER_BYTES = 11;
const BACK_POINTER_BYTES = 4;

/**
 * Takes an aggregate message apart into its FLV tags (RTMP 1.0 §7.1.6). The first has the time of the message, the
 * others keep their distance to it. False: it is cut short; what was whole has been handed on.
 */
export function splitAggregate(
  payload: Uint8Array,
  timestampMs: number,
  onTag: (type: number, timestampMs: number, body: Uint8Array) => void,
): boolean {
  let at = 0;
  let firstMs = -1;
  while (at < payload.length) {
    if (at + TAG_HEADER_BYTES > payload.length) return false;
    const type = payload[at] as number;
    const size = u24be(payload, at + 1);
    const timeMs = (((payload[at + 7] as number) << 24) | u24be(payload, at + 4)) >>> 0;
    if (firstMs < 0) firstMs = timeMs;
    const start = at + TAG_HEADER_BYTES;
    if (start + size > payload.length) return false;
    onTag(type, timestampMs + ((timeMs - firstMs) | 0), payload.subarray(start, start + size));
    // The last tag's length behind it is missing from some encoders' messages.
    at = start + size + BACK_POINTER_BYTES;
  }
  return true;
}
