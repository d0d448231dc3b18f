import { i32be, putU16be, putU32be, u16be, u32be } from "@millrace/bytes";
import { type HandshakeExtension, parseExtensions, serializeExtensions } from "./extension.ts";
import { FIRST_REJECTION } from "./rejection.ts";
import { MAX_SEQUENCE } from "./sequence-range.ts";
import { WireViolation } from "./violation.ts";

/** Handshake types (draft-sharabayko-srt §3.2.1). From 1000 on they are rejections. */
export const REQUEST_WAVEAHAND = 0;
export const REQUEST_INDUCTION = 1;
export const REQUEST_CONCLUSION = -1;
export const REQUEST_AGREEMENT = -2;

/** Extension field of a listener's induction answer: it speaks version 5. */
export const SRT_MAGIC = 0x4a17;

/** Bytes before the extensions. */
const HANDSHAKE_BYTES = 48;
const PEER_IP_AT = 32;
const PEER_IP_BYTES = 16;
const VERSION_WITH_EXTENSIONS = 5;

/** Body of a handshake packet. */
export interface Handshake {
  /** 4 in the induction and with peers before SRT 1.3, 5 since; 0 refuses. */
  readonly version: number;
  /** 0, 2 AES-128, 3 AES-192, 4 AES-256. */
  readonly encryption: number;
  /** `EXTENSION_FIELD_*`, `SRT_MAGIC`, or 2 (datagrams) in version 4. */
  readonly extensionField: number;
  readonly initialSequence: number;
  /** Largest IP packet in bytes. */
  readonly maxPacketSize: number;
  /** Packets. */
  readonly flowWindow: number;
  /** `REQUEST_*` or a rejection; signed. */
  readonly requestType: number;
  /** Of the sender. */
  readonly socketId: number;
  /** Unsigned. */
  readonly cookie: number;
  /** 16 bytes as on the wire. */
  readonly peerIp: Uint8Array;
  /** Empty unless the handshake is a version 5 conclusion or agreement with a non-zero extension field. */
  readonly extensions: readonly HandshakeExtension[];
}

/** Reads what follows the packet's 16-byte header. Throws `WireViolation`. */
export function parseHandshake(body: Uint8Array): Handshake {
  if (body.length < HANDSHAKE_BYTES) {
    throw new WireViolation(
      "srt.truncated",
      `a handshake of ${body.length} bytes, the least is ${HANDSHAKE_BYTES}`,
    );
  }
  const version = u32be(body, 0);
  const extensionField = u16be(body, 6);
  const initialSequence = u32be(body, 8);
  if (initialSequence > MAX_SEQUENCE) {
    throw new WireViolation("srt.bad-sequence", "a handshake's first packet number has more than 31 bits");
  }
  const requestType = i32be(body, 20);
  const extended =
    version === VERSION_WITH_EXTENSIONS &&
    extensionField !== 0 &&
    (requestType === REQUEST_CONCLUSION || requestType === REQUEST_AGREEMENT);
  return {
    version,
    encryption: u16be(body, 4),
    extensionField,
    initialSequence,
    maxPacketSize: u32be(body, 12),
    flowWindow: u32be(body, 16),
    requestType,
    socketId: u32be(body, 24),
    cookie: u32be(body, 28),
    peerIp: new Uint8Array(body.subarray(PEER_IP_AT, PEER_IP_AT + PEER_IP_BYTES)),
    extensions: extended ? parseExtensions(body, HANDSHAKE_BYTES) : [],
  };
}

/**
 * The body, for `serializeControl`. Fields are written as given: the extension field is not derived from the
 * extensions. Throws `srt.bad-length` for a text that is too long.
 */
export function serializeHandshake(handshake: Handshake): Uint8Array {
  const extensions = serializeExtensions(handshake.extensions);
  const body = new Uint8Array(HANDSHAKE_BYTES + extensions.length);
  putU32be(body, 0, handshake.version);
  putU16be(body, 4, handshake.encryption);
  putU16be(body, 6, handshake.extensionField);
  putU32be(body, 8, handshake.initialSequence & MAX_SEQUENCE);
  putU32be(body, 12, handshake.maxPacketSize);
  putU32be(body, 16, handshake.flowWindow);
  putU32be(body, 20, handshake.requestType);
  putU32be(body, 24, handshake.socketId);
  putU32be(body, 28, handshake.cookie);
  body.set(handshake.peerIp.subarray(0, PEER_IP_BYTES), PEER_IP_AT);
  body.set(extensions, HANDSHAKE_BYTES);
  return body;
}

/** Whether a handshake of this type refuses the connection; `describeRejection` says why. */
export function isRejection(requestType: number): boolean {
  return requestType >= FIRST_REJECTION;
}
