import { RtpPacket } from "./packet.ts";

const TS_SYNC = 0x47;
const TS_PACKET_BYTES = 188;
const probe = new RtpPacket();

/** RTCP packet types 200 to 207, as they look where RTP has marker and payload type (RFC 5761 §4). */
function isRtcp(second: number): boolean {
  return second >= 192 && second <= 223;
}

/**
 * Whether a datagram carries transport stream packets in RTP (RFC 2250 §2), whatever the payload type says: version 2
 * and nothing but whole packets with their sync bytes behind the header. Raw transport stream is none: its first byte
 * 0x47 would be RTP version 1.
 */
export function looksLikeRtpTs(buf: Uint8Array, start = 0, end: number = buf.length): boolean {
  if (!probe.parse(buf, start, end) || isRtcp(buf[start + 1] as number)) return false;
  return isWholeTs(buf, probe.payloadStart, probe.payloadEnd);
}

/** Whether a datagram is raw transport stream: nothing but whole packets with their sync bytes. */
export function looksLikeRawTs(buf: Uint8Array, start = 0, end: number = buf.length): boolean {
  return isWholeTs(buf, start, end);
}

function isWholeTs(buf: Uint8Array, start: number, end: number): boolean {
  const size = end - start;
  if (size === 0 || size % TS_PACKET_BYTES !== 0) return false;
  for (let at = start; at < end; at += TS_PACKET_BYTES) if (buf[at] !== TS_SYNC) return false;
  return true;
}
