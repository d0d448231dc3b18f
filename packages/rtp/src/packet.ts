import { putU16be, putU32be, u16be, u32be } from "@millrace/bytes";

/** Bytes of the fixed header (RFC 3550 §5.1). */
export const RTP_HEADER_BYTES = 12;
export const RTP_VERSION = 2;
/** Static payload type of MPEG-2 transport streams (RFC 3551 §6), at 90 kHz. */
export const MP2T_PAYLOAD_TYPE = 33;
export const MP2T_CLOCK_HZ = 90_000;

/**
 * A view on one RTP packet. One object serves all packets: `parse` fills it without allocating, and the offsets point
 * into `buf`.
 */
export class RtpPacket {
  buf: Uint8Array = new Uint8Array(0);
  /** The whole packet is `buf[start..end)`. */
  start = 0;
  end = 0;
  marker = false;
  payloadType = 0;
  sequence = 0;
  timestamp = 0;
  ssrc = 0;
  csrcCount = 0;
  /** The 16 bits "defined by profile" of the header extension; -1 where there is none. */
  extensionProfile = -1;
  /** Extension data, behind its 4-byte header. */
  extensionStart = 0;
  extensionEnd = 0;
  /** Payload without padding. */
  payloadStart = 0;
  payloadEnd = 0;

  /** Reads the packet `buf[start..end)`. False where it is no RTP version 2 or its lengths do not fit. */
  parse(buf: Uint8Array, start: number, end: number): boolean {
    if (end - start < RTP_HEADER_BYTES) return false;
    const first = buf[start] as number;
    if (first >> 6 !== RTP_VERSION) return false;
    const second = buf[start + 1] as number;
    const csrcCount = first & 15;
    let at = start + RTP_HEADER_BYTES + 4 * csrcCount;
    this.extensionProfile = -1;
    this.extensionStart = at;
    this.extensionEnd = at;
    if ((first & 0x10) !== 0) {
      if (at + 4 > end) return false;
      this.extensionProfile = u16be(buf, at);
      this.extensionStart = at + 4;
      at += 4 + 4 * u16be(buf, at + 2);
      this.extensionEnd = at;
    }
    let payloadEnd = end;
    if ((first & 0x20) !== 0) {
      const padding = buf[end - 1] as number;
      if (padding === 0) return false;
      payloadEnd -= padding;
    }
    if (at > payloadEnd) return false;
    this.buf = buf;
    this.start = start;
    this.end = end;
    this.marker = second >> 7 === 1;
    this.payloadType = second & 0x7f;
    this.sequence = u16be(buf, start + 2);
    this.timestamp = u32be(buf, start + 4);
    this.ssrc = u32be(buf, start + 8);
    this.csrcCount = csrcCount;
    this.payloadStart = at;
    this.payloadEnd = payloadEnd;
    return true;
  }

  /** The contributing source number `index` (below `csrcCount`). */
  csrc(index: number): number {
    return u32be(this.buf, this.start + RTP_HEADER_BYTES + 4 * index);
  }

  /** A view on the payload. */
  get payload(): Uint8Array {
    return this.buf.subarray(this.payloadStart, this.payloadEnd);
  }
}

/** A packet to serialize. */
export interface RtpFields {
  readonly marker?: boolean;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly csrc?: readonly number[];
  /** `data` is a multiple of 4 bytes. */
  readonly extension?: { readonly profile: number; readonly data: Uint8Array };
  /** Bytes of padding behind the payload, the count byte included; 0 to 255. */
  readonly padding?: number;
  readonly payload: Uint8Array;
}

/** Builds a whole packet in fresh memory; senders of many packets use `RtpSender`. */
export function serializeRtp(fields: RtpFields): Uint8Array {
  const csrc = fields.csrc ?? [];
  const { extension, payload } = fields;
  const padding = fields.padding ?? 0;
  const head = RTP_HEADER_BYTES + 4 * csrc.length + (extension ? 4 + extension.data.length : 0);
  const out = new Uint8Array(head + payload.length + padding);
  out[0] = (RTP_VERSION << 6) | (padding > 0 ? 0x20 : 0) | (extension ? 0x10 : 0) | csrc.length;
  out[1] = (fields.marker === true ? 0x80 : 0) | fields.payloadType;
  putU16be(out, 2, fields.sequence);
  putU32be(out, 4, fields.timestamp);
  putU32be(out, 8, fields.ssrc);
  let at = RTP_HEADER_BYTES;
  for (const id of csrc) {
    putU32be(out, at, id);
    at += 4;
  }
  if (extension) {
    putU16be(out, at, extension.profile);
    putU16be(out, at + 2, extension.data.length >> 2);
    out.set(extension.data, at + 4);
  }
  out.set(payload, head);
  if (padding > 0) out[out.length - 1] = padding;
  return out;
}

/** Numbers and stamps the packets of one outgoing stream. */
export class RtpSender {
  readonly ssrc: number;
  readonly payloadType: number;
  /** Of the next packet. */
  sequence: number;

  /** `ssrc` and the first sequence number should be random (RFC 3550 §5.1). */
  constructor(options: {
    readonly ssrc: number;
    readonly payloadType: number;
    readonly firstSequence: number;
  }) {
    this.ssrc = options.ssrc >>> 0;
    this.payloadType = options.payloadType & 0x7f;
    this.sequence = options.firstSequence & 0xffff;
  }

  /** Writes the 12-byte header of the next packet at `target[at]`, marker clear. */
  writeHeader(target: Uint8Array, at: number, timestamp: number): void {
    target[at] = RTP_VERSION << 6;
    target[at + 1] = this.payloadType;
    putU16be(target, at + 2, this.sequence);
    putU32be(target, at + 4, timestamp);
    putU32be(target, at + 8, this.ssrc);
    this.sequence = (this.sequence + 1) & 0xffff;
  }
}
