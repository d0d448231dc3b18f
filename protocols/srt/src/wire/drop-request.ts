import { putU32be, u32be } from "@millrace/bytes";
import { HEADER_BYTES } from "./header.ts";
import { isRange, MAX_SEQUENCE } from "./sequence-range.ts";

const DROP_REQUEST_BYTES = 8;

/** The packets that the sender gave up, both ends included. The message's number is in the header's `info`. */
export class DropRequest {
  first = 0;
  last = 0;
}

/** Reads a whole DROPREQ packet (draft-sharabayko-srt §3.2.9); false if it is too short or runs backwards. */
export function readDropRequest(packet: Uint8Array, into: { first: number; last: number }): boolean {
  if (packet.length < HEADER_BYTES + DROP_REQUEST_BYTES) return false;
  const first = u32be(packet, HEADER_BYTES);
  const last = u32be(packet, HEADER_BYTES + 4);
  if (!isRange(first, last)) return false;
  into.first = first;
  into.last = last;
  return true;
}

/** The body, for `serializeControl`. */
export function serializeDropRequest(first: number, last: number): Uint8Array {
  const body = new Uint8Array(DROP_REQUEST_BYTES);
  putU32be(body, 0, first & MAX_SEQUENCE);
  putU32be(body, 4, last & MAX_SEQUENCE);
  return body;
}
