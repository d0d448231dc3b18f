import {
  CONTROL_ACK,
  CONTROL_ACKACK,
  CONTROL_DROPREQ,
  CONTROL_HANDSHAKE,
  CONTROL_KEEPALIVE,
  CONTROL_NAK,
  CONTROL_SHUTDOWN,
  CONTROL_USER,
  ControlHeader,
  readControlHeader,
  serializeControl,
} from "../wire/control.ts";
import { EXTENSION_KMREQ, EXTENSION_KMRSP, type HandshakeExtension } from "../wire/extension.ts";
import {
  type Handshake,
  parseHandshake,
  REQUEST_AGREEMENT,
  REQUEST_CONCLUSION,
  REQUEST_INDUCTION,
  REQUEST_WAVEAHAND,
  serializeHandshake,
} from "../wire/handshake.ts";
import { BOUNDARY_SOLO, DataHeader, HEADER_BYTES, readDataHeader, writeDataHeader } from "../wire/header.ts";

const NAMES: Readonly<Record<number, string>> = {
  [CONTROL_KEEPALIVE]: "keepalive",
  [CONTROL_ACK]: "ack",
  [CONTROL_NAK]: "nak",
  [CONTROL_SHUTDOWN]: "shutdown",
  [CONTROL_ACKACK]: "ackack",
  [CONTROL_DROPREQ]: "dropreq",
};
const REQUESTS: Readonly<Record<number, string>> = {
  [REQUEST_WAVEAHAND]: "waveahand",
  [REQUEST_INDUCTION]: "induction",
  [REQUEST_CONCLUSION]: "conclusion",
  [REQUEST_AGREEMENT]: "agreement",
};

/** What a packet is: "data", "parity", "ack", "induction", "rejection", "kmreq" … */
export function kindOf(packet: Uint8Array): string {
  const header = new ControlHeader();
  const data = new DataHeader();
  if (readDataHeader(packet, data)) return data.message === 0 ? "parity" : "data";
  if (!readControlHeader(packet, header)) return "short";
  if (header.type === CONTROL_HANDSHAKE) {
    const handshake = handshakeIn(packet);
    return handshake === undefined ? "handshake" : (REQUESTS[handshake.requestType] ?? "rejection");
  }
  if (header.type === CONTROL_USER) {
    return header.subtype === EXTENSION_KMREQ
      ? "kmreq"
      : header.subtype === EXTENSION_KMRSP
        ? "kmrsp"
        : "user";
  }
  return NAMES[header.type] ?? "unknown";
}

/** The handshake in a packet, if there is a good one. */
export function handshakeIn(packet: Uint8Array): Handshake | undefined {
  const header = new ControlHeader();
  if (!readControlHeader(packet, header) || header.type !== CONTROL_HANDSHAKE) return undefined;
  try {
    return parseHandshake(packet.subarray(HEADER_BYTES));
  } catch {
    return undefined;
  }
}

/** The packet with another handshake in it, under the same header. */
export function withHandshake(packet: Uint8Array, change: (handshake: Handshake) => Handshake): Uint8Array {
  const handshake = handshakeIn(packet);
  if (handshake === undefined) return packet;
  const body = serializeHandshake(change(handshake));
  const changed = new Uint8Array(HEADER_BYTES + body.length);
  changed.set(packet.subarray(0, HEADER_BYTES));
  changed.set(body, HEADER_BYTES);
  return changed;
}

/** The handshake with its extensions changed; undefined takes one away. */
export function withExtensions(
  handshake: Handshake,
  change: (extension: HandshakeExtension) => HandshakeExtension | undefined,
): Handshake {
  return { ...handshake, extensions: handshake.extensions.map(change).filter((it) => it !== undefined) };
}

/** Takes the first `count` packets of a kind and direction, for `meddle`. */
export function losing(
  kind: string,
  toServer: boolean,
  count = 1,
): (packet: Uint8Array, isToServer: boolean) => Uint8Array | undefined {
  let left = count;
  return (packet, isToServer) => {
    if (left === 0 || isToServer !== toServer || kindOf(packet) !== kind) return packet;
    left--;
    return undefined;
  };
}

/** A control packet of anybody's making. */
export function forged(
  header: { type: number; subtype?: number; info?: number; timestamp?: number; socketId: number },
  body?: Uint8Array,
): Uint8Array {
  return serializeControl({ timestamp: 0, ...header }, body);
}

/** A data packet of anybody's making. */
export function forgedData(
  fields: Partial<DataHeader> & { readonly socketId: number; readonly sequence: number },
  payload: Uint8Array = new Uint8Array(1316),
): Uint8Array {
  const header = Object.assign(new DataHeader(), { boundary: BOUNDARY_SOLO, message: 1, ...fields });
  const packet = new Uint8Array(HEADER_BYTES + payload.length);
  writeDataHeader(packet, header);
  packet.set(payload, HEADER_BYTES);
  return packet;
}

/** Big-endian words of 32 bits. */
export function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value);
  return bytes;
}
