import { putU32be, u32be } from "@millrace/bytes";

/** Bytes of the header of every packet (draft-sharabayko-srt §3). */
export const HEADER_BYTES = 16;

/** KK: the key that the payload is encrypted with. */
export const KEY_NONE = 0;
export const KEY_EVEN = 1;
export const KEY_ODD = 2;

/** PP: position of the packet in its message. */
export const BOUNDARY_MIDDLE = 0;
export const BOUNDARY_LAST = 1;
export const BOUNDARY_FIRST = 2;
export const BOUNDARY_SOLO = 3;

const MAX_SEQUENCE = 0x7fff_ffff;
const MAX_MESSAGE = 0x03ff_ffff;
/** Bits of byte 4, which holds PP, O, KK, R and the two highest bits of the message number. */
const ORDER_BIT = 0x20;
const KEY_SHIFT = 3;
const KEY_BITS = 3 << KEY_SHIFT;
const RETRANSMITTED_BIT = 0x04;

/** Whether the packet is a control packet; an empty one is not. */
export function isControl(packet: Uint8Array): boolean {
  return packet.length > 0 && (packet[0] as number) >= 0x80;
}

/** Header of a data packet (draft-sharabayko-srt §3.1). One object serves all packets. */
export class DataHeader {
  /** 31 bits. */
  sequence = 0;
  /** `BOUNDARY_*`. */
  boundary = 0;
  inOrder = false;
  /** `KEY_*`; 3 is not valid here. */
  key = 0;
  retransmitted = false;
  /** 26 bits; 0 marks a packet of the packet filter. */
  message = 0;
  /** Microseconds, 32 bits, since the sender's start. */
  timestamp = 0;
  /** Of the destination. */
  socketId = 0;
}

/** Fills `into`; false, with `into` untouched, for a control packet or one shorter than its header. */
export function readDataHeader(packet: Uint8Array, into: DataHeader): boolean {
  if (packet.length < HEADER_BYTES) return false;
  const sequence = u32be(packet, 0);
  if (sequence > MAX_SEQUENCE) return false;
  const flags = packet[4] as number;
  into.sequence = sequence;
  into.boundary = flags >>> 6;
  into.inOrder = (flags & ORDER_BIT) !== 0;
  into.key = (flags & KEY_BITS) >>> KEY_SHIFT;
  into.retransmitted = (flags & RETRANSMITTED_BIT) !== 0;
  into.message = u32be(packet, 4) & MAX_MESSAGE;
  into.timestamp = u32be(packet, 8);
  into.socketId = u32be(packet, 12);
  return true;
}

/** Writes the header over the first 16 bytes of `packet`. Fields too large for their bits are cut. */
export function writeDataHeader(packet: Uint8Array, header: DataHeader): void {
  putU32be(packet, 0, header.sequence & MAX_SEQUENCE);
  putU32be(packet, 4, header.message & MAX_MESSAGE);
  packet[4] =
    ((header.boundary & 3) << 6) |
    (header.inOrder ? ORDER_BIT : 0) |
    ((header.key & 3) << KEY_SHIFT) |
    (header.retransmitted ? RETRANSMITTED_BIT : 0) |
    (packet[4] as number);
  putU32be(packet, 8, header.timestamp);
  putU32be(packet, 12, header.socketId);
}

/** Sets R in a data packet that is complete. */
export function markRetransmitted(packet: Uint8Array): void {
  packet[4] = (packet[4] as number) | RETRANSMITTED_BIT;
}

/** Puts `KEY_*` into a data packet that is complete. */
export function setKeyFlag(packet: Uint8Array, key: number): void {
  packet[4] = ((packet[4] as number) & ~KEY_BITS) | ((key & 3) << KEY_SHIFT);
}

/** Addresses a packet, of data or control, to another socket. */
export function setDestination(packet: Uint8Array, socketId: number): void {
  putU32be(packet, 12, socketId);
}
