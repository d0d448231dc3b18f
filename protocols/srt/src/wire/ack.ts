import { putU32be, u32be } from "@millrace/bytes";
import { HEADER_BYTES } from "./header.ts";

/** Which fields an acknowledgement has (draft-sharabayko-srt §3.2.4). Only full ones are numbered and answered. */
export const ACK_LIGHT = 0;
export const ACK_SMALL = 1;
export const ACK_FULL = 2;

const LIGHT_BYTES = 4;
const SMALL_BYTES = 16;
/** Versions before 1.0.3 leave the byte rate away. */
const OLD_FULL_BYTES = 24;
const FULL_BYTES = 28;
const MAX_SEQUENCE = 0x7fff_ffff;

/** Body of an ACK. Its number is in the header's `info`. Fields that the kind does not have are 0. */
export class Acknowledgement {
  /** `ACK_*`. */
  kind = ACK_LIGHT;
  /** All packets before this one arrived, or were given up. */
  sequence = 0;
  /** As the peer states them, unbounded: up to 2³² − 1. */
  rttUs = 0;
  rttVarianceUs = 0;
  /** Packets that the receive buffer still takes. */
  bufferAvailable = 0;
  packetsPerSecond = 0;
  /** Packets per second. */
  linkCapacity = 0;
  /** 0 where the peer does not say. */
  bytesPerSecond = 0;
}

/** Reads a whole ACK packet; false, with `into` untouched, if it is none of the three kinds. Longer bodies are cut. */
export function readAcknowledgement(packet: Uint8Array, into: Acknowledgement): boolean {
  const bytes = packet.length - HEADER_BYTES;
  if (bytes !== LIGHT_BYTES && bytes < SMALL_BYTES) return false;
  const sequence = u32be(packet, HEADER_BYTES);
  if (sequence > MAX_SEQUENCE) return false;
  const small = bytes >= SMALL_BYTES;
  const full = bytes >= OLD_FULL_BYTES;
  into.kind = full ? ACK_FULL : small ? ACK_SMALL : ACK_LIGHT;
  into.sequence = sequence;
  into.rttUs = small ? u32be(packet, HEADER_BYTES + 4) : 0;
  into.rttVarianceUs = small ? u32be(packet, HEADER_BYTES + 8) : 0;
  into.bufferAvailable = small ? u32be(packet, HEADER_BYTES + 12) : 0;
  into.packetsPerSecond = full ? u32be(packet, HEADER_BYTES + 16) : 0;
  into.linkCapacity = full ? u32be(packet, HEADER_BYTES + 20) : 0;
  into.bytesPerSecond = bytes >= FULL_BYTES ? u32be(packet, HEADER_BYTES + 24) : 0;
  return true;
}

/** The body, for `serializeControl`. Values are whole numbers of at most 32 bits. */
export function serializeAcknowledgement(ack: Acknowledgement): Uint8Array {
  const { kind } = ack;
  const body = new Uint8Array(
    kind === ACK_FULL ? FULL_BYTES : kind === ACK_SMALL ? SMALL_BYTES : LIGHT_BYTES,
  );
  putU32be(body, 0, ack.sequence & MAX_SEQUENCE);
  if (kind === ACK_LIGHT) return body;
  putU32be(body, 4, ack.rttUs);
  putU32be(body, 8, ack.rttVarianceUs);
  putU32be(body, 12, ack.bufferAvailable);
  if (kind === ACK_SMALL) return body;
  putU32be(body, 16, ack.packetsPerSecond);
  putU32be(body, 20, ack.linkCapacity);
  putU32be(body, 24, ack.bytesPerSecond);
  return body;
}
