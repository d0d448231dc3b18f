import { putU32be, u16be, u32be } from "@millrace/bytes";
import { chunkMessage } from "./chunk-writer.ts";
import { CSID_CONTROL, PEER_BANDWIDTH, USER_CONTROL } from "./message-types.ts";
import { WireViolation } from "./violation.ts";

/** User control events (RTMP 1.0 §7.1.7). */
export const STREAM_BEGIN = 0;
export const STREAM_EOF = 1;
export const STREAM_DRY = 2;
export const SET_BUFFER_LENGTH = 3;
export const PING_REQUEST = 6;
export const PING_RESPONSE = 7;

/** How the peer is to take the bandwidth it is told (§5.4.5). */
const LIMIT_DYNAMIC = 2;

function control(type: number, body: Uint8Array): Uint8Array {
  return chunkMessage({ csid: CSID_CONTROL, type, streamId: 0, timestampMs: 0 }, body, 128);
}

/** A chunked message of `type` that is one 32-bit number: chunk size, abort, acknowledgement or window size. */
export function controlMessage(type: number, value: number): Uint8Array {
  const body = new Uint8Array(4);
  putU32be(body, 0, value);
  return control(type, body);
}

export function peerBandwidthMessage(bytes: number): Uint8Array {
  const body = new Uint8Array(5);
  putU32be(body, 0, bytes);
  body[4] = LIMIT_DYNAMIC;
  return control(PEER_BANDWIDTH, body);
}

/** A chunked user control message; `second` only where the event has two numbers. */
export function userControlMessage(event: number, value: number, second?: number): Uint8Array {
  const body = new Uint8Array(second === undefined ? 6 : 10);
  body[1] = event;
  putU32be(body, 2, value);
  if (second !== undefined) putU32be(body, 6, second);
  return control(USER_CONTROL, body);
}

/** The number in a control message. Throws `rtmp.bad-control` if there is none. */
export function readControl(payload: Uint8Array): number {
  if (payload.length < 4) throw new WireViolation("rtmp.bad-control", "a control message without its number");
  return u32be(payload, 0);
}

export interface UserControl {
  readonly event: number;
  /** Stream ID, or the time in a ping; 0 if it is missing. */
  readonly value: number;
  /** Buffer length in milliseconds, else 0. */
  readonly second: number;
}

/** Events with less in them than they should have are read as if it were 0: some peers cut them short. */
export function readUserControl(payload: Uint8Array): UserControl {
  if (payload.length < 2) throw new WireViolation("rtmp.bad-control", "a user control message without event");
  return {
    event: u16be(payload, 0),
    value: payload.length < 6 ? 0 : u32be(payload, 2),
    second: payload.length < 10 ? 0 : u32be(payload, 6),
  };
}
