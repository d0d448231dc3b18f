import { concat, fromHex } from "@millrace/bytes";
import { EXTENSION_FIELD_HSREQ } from "./extension.ts";
import { type Handshake, REQUEST_CONCLUSION, serializeHandshake } from "./handshake.ts";
import { WireViolation } from "./violation.ts";

const LOOPBACK_V4 = fromHex("0100007f 00000000 00000000 00000000");

/** What `srt-live-transmit` says of itself in a conclusion to an IPv4 peer. */
export const BASE: Handshake = {
  version: 5,
  encryption: 0,
  extensionField: EXTENSION_FIELD_HSREQ,
  initialSequence: 0,
  maxPacketSize: 1500,
  flowWindow: 8192,
  requestType: REQUEST_CONCLUSION,
  socketId: 0,
  cookie: 0,
  peerIp: LOOPBACK_V4,
  extensions: [],
};

/** A version 5 conclusion with these bytes behind it. */
export function withTail(tail: string, fields: Partial<Handshake> = {}): Uint8Array {
  return concat([serializeHandshake({ ...BASE, extensionField: 7, ...fields }), fromHex(tail)]);
}

/** For `assert.throws`. */
export function violates(code: WireViolation["code"]): (error: unknown) => boolean {
  return (error) => error instanceof WireViolation && error.code === code;
}
