import { putU16be, putU32be, u16be, u32be } from "@millrace/bytes";
import { HEADER_BYTES } from "./header.ts";

/** Control types (draft-sharabayko-srt §3.2). */
export const CONTROL_HANDSHAKE = 0;
export const CONTROL_KEEPALIVE = 1;
export const CONTROL_ACK = 2;
export const CONTROL_NAK = 3;
export const CONTROL_CONGESTION = 4;
export const CONTROL_SHUTDOWN = 5;
export const CONTROL_ACKACK = 6;
export const CONTROL_DROPREQ = 7;
export const CONTROL_PEERERROR = 8;
/** The subtype says what it is: `EXTENSION_*`. */
export const CONTROL_USER = 0x7fff;

/** Libsrt never sends a bare header: types without a body carry this many zeros, which receivers pass over. */
const PADDING_BYTES = 4;

/** Header of a control packet. One object serves all packets. */
export class ControlHeader {
  /** `CONTROL_*`. */
  type = 0;
  subtype = 0;
  /** Type-specific information: number of an ACK or ACKACK, message of a DROPREQ, code of a PEERERROR. */
  info = 0;
  /** Microseconds, 32 bits, since the sender's start. */
  timestamp = 0;
  /** Of the destination; 0 in the handshake's first packets. */
  socketId = 0;
}

/** Fills `into`; false, with `into` untouched, for a data packet or one shorter than its header. */
export function readControlHeader(packet: Uint8Array, into: ControlHeader): boolean {
  if (packet.length < HEADER_BYTES || (packet[0] as number) < 0x80) return false;
  into.type = u16be(packet, 0) & 0x7fff;
  into.subtype = u16be(packet, 2);
  into.info = u32be(packet, 4);
  into.timestamp = u32be(packet, 8);
  into.socketId = u32be(packet, 12);
  return true;
}

/** Builds a whole control packet in fresh memory. Without a body it gets the four zeros that libsrt sends. */
export function serializeControl(
  header: { type: number; subtype?: number; info?: number; timestamp: number; socketId: number },
  body?: Uint8Array,
): Uint8Array {
  const bodyBytes = body === undefined || body.length === 0 ? PADDING_BYTES : body.length;
  const packet = new Uint8Array(HEADER_BYTES + bodyBytes);
  putU16be(packet, 0, 0x8000 | header.type);
  putU16be(packet, 2, header.subtype ?? 0);
  putU32be(packet, 4, header.info ?? 0);
  putU32be(packet, 8, header.timestamp);
  putU32be(packet, 12, header.socketId);
  if (body !== undefined) packet.set(body, HEADER_BYTES);
  return packet;
}
