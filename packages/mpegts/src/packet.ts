/**
 * Accessors on one transport-stream packet at `buf[at]` (ISO/IEC 13818-1 §2.4.3). Pure, allocation-free, small enough to
 * be inlined. None checks the sync byte or the bounds of `buf`: `PacketAligner` has done that.
 */

/** Bytes in a packet. */
export const PACKET_SIZE = 188;
export const SYNC_BYTE = 0x47;
/** Number of PIDs there are: 13 bits. */
export const PID_COUNT = 8192;
export const PID_PAT = 0x0000;
export const PID_CAT = 0x0001;
export const PID_TSDT = 0x0002;
/** SDT and BAT (ETSI EN 300 468 §5.1.3). */
export const PID_SDT = 0x0011;
export const PID_NULL = 0x1fff;

/** Flags for `packHeader`. */
export const HEADER_PUSI = 0x400000;
export const HEADER_ADAPTATION = 0x20;
export const HEADER_PAYLOAD = 0x10;

/** Flag bits of the byte after adaptation_field_length (§2.4.3.4). */
export const AF_DISCONTINUITY = 0x80;
export const AF_RANDOM_ACCESS = 0x40;
export const AF_PCR = 0x10;
export const AF_OPCR = 0x08;

export function pidOf(buf: Uint8Array, at: number): number {
  return (((buf[at + 1] as number) & 0x1f) << 8) | (buf[at + 2] as number);
}

/** payload_unit_start_indicator. */
export function hasUnitStart(buf: Uint8Array, at: number): boolean {
  return ((buf[at + 1] as number) & 0x40) !== 0;
}

/** transport_error_indicator. */
export function hasTransportError(buf: Uint8Array, at: number): boolean {
  return ((buf[at + 1] as number) & 0x80) !== 0;
}

/** transport_scrambling_control, 0 to 3; 0 is clear, 2 the even key, 3 the odd key. */
export function scramblingOf(buf: Uint8Array, at: number): number {
  return (buf[at + 3] as number) >> 6;
}

export function hasAdaptation(buf: Uint8Array, at: number): boolean {
  return ((buf[at + 3] as number) & 0x20) !== 0;
}

export function hasPayload(buf: Uint8Array, at: number): boolean {
  return ((buf[at + 3] as number) & 0x10) !== 0;
}

export function continuityOf(buf: Uint8Array, at: number): number {
  return (buf[at + 3] as number) & 0x0f;
}

/**
 * Index in `buf` of the first payload byte; the packet's end if it carries none or its adaptation field claims more than
 * the packet holds.
 */
export function payloadOffset(buf: Uint8Array, at: number): number {
  const control = (buf[at + 3] as number) & 0x30;
  if (control === 0x10) return at + 4;
  if (control !== 0x30) return at + PACKET_SIZE;
  const offset = at + 5 + (buf[at + 4] as number);
  return Math.min(offset, at + PACKET_SIZE);
}

/** The flags byte of the adaptation field (`AF_*`), 0 if there is none. */
export function adaptationFlags(buf: Uint8Array, at: number): number {
  if (((buf[at + 3] as number) & 0x20) === 0 || buf[at + 4] === 0) return 0;
  return buf[at + 5] as number;
}

/** discontinuity_indicator. */
export function hasDiscontinuity(buf: Uint8Array, at: number): boolean {
  return (adaptationFlags(buf, at) & AF_DISCONTINUITY) !== 0;
}

/** random_access_indicator. */
export function hasRandomAccess(buf: Uint8Array, at: number): boolean {
  return (adaptationFlags(buf, at) & AF_RANDOM_ACCESS) !== 0;
}

/** Whether there is a PCR and the adaptation field is long enough to hold it. */
export function hasPcr(buf: Uint8Array, at: number): boolean {
  return (
    ((buf[at + 3] as number) & 0x20) !== 0 &&
    (buf[at + 4] as number) >= 7 &&
    ((buf[at + 5] as number) & AF_PCR) !== 0
  );
}

/** The PCR of a packet that `hasPcr`: base × 300 + extension, 27 MHz, wrapped at `PCR_WRAP`. */
export function pcrOf(buf: Uint8Array, at: number): number {
  return readPcr(buf, at + 6);
}

/** Reads the six bytes of a PCR or OPCR field at `buf[at]`: 27 MHz. */
export function readPcr(buf: Uint8Array, at: number): number {
  const base = readPcrBase(buf, at);
  return base * 300 + ((((buf[at + 4] as number) & 1) << 8) | (buf[at + 5] as number));
}

/** The 33-bit base of the PCR field at `buf[at]`: 90 kHz. */
export function readPcrBase(buf: Uint8Array, at: number): number {
  const high =
    (((buf[at] as number) << 24) |
      ((buf[at + 1] as number) << 16) |
      ((buf[at + 2] as number) << 8) |
      (buf[at + 3] as number)) >>>
    0;
  return high * 2 + ((buf[at + 4] as number) >> 7);
}

/** Writes a PCR (27 MHz, taken modulo `PCR_WRAP`) into the six bytes at `buf[at]`. */
export function writePcr(buf: Uint8Array, at: number, pcr27: number): void {
  const base = Math.floor(pcr27 / 300);
  const extension = pcr27 - base * 300;
  // ToInt32 of the halved base keeps its low 32 bits, which is the wrap at 2³³.
  const high = Math.floor(base / 2) | 0;
  buf[at] = high >>> 24;
  buf[at + 1] = high >>> 16;
  buf[at + 2] = high >>> 8;
  buf[at + 3] = high;
  buf[at + 4] = (base % 2 === 0 ? 0 : 0x80) | 0x7e | (extension >>> 8);
  buf[at + 5] = extension;
}

/** A packet header as a 32-bit word: `flags` is `HEADER_*` or-ed together. */
export function packHeader(pid: number, continuity: number, flags: number): number {
  return 0x47000000 | (pid << 8) | (continuity & 0x0f) | flags;
}

/** Writes the four header bytes. */
export function writeHeader(buf: Uint8Array, at: number, header: number): void {
  buf[at] = header >>> 24;
  buf[at + 1] = header >>> 16;
  buf[at + 2] = header >>> 8;
  buf[at + 3] = header;
}

export function writeContinuity(buf: Uint8Array, at: number, continuity: number): void {
  buf[at + 3] = ((buf[at + 3] as number) & 0xf0) | (continuity & 0x0f);
}

/** Writes a null packet (§2.4.3.3, PID 0x1FFF). */
export function writeNull(buf: Uint8Array, at: number): void {
  writeHeader(buf, at, packHeader(PID_NULL, 0, HEADER_PAYLOAD));
  buf.fill(0xff, at + 4, at + PACKET_SIZE);
}

/**
 * Writes an adaptation field of `size` bytes in all (1 to 184) behind the header, without flags: stuffing. A field of one
 * byte is a length of 0.
 */
export function writeStuffing(buf: Uint8Array, at: number, size: number): void {
  buf[at + 4] = size - 1;
  if (size < 2) return;
  buf[at + 5] = 0;
  buf.fill(0xff, at + 6, at + 4 + size);
}

/** Writes a packet that carries nothing but a PCR (27 MHz); its continuity counter does not advance (§2.4.3.3). */
export function writePcrPacket(buf: Uint8Array, at: number, options: PcrPacketOptions): void {
  writeHeader(buf, at, packHeader(options.pid, options.continuity, HEADER_ADAPTATION));
  buf[at + 4] = PACKET_SIZE - 5;
  buf[at + 5] = AF_PCR | (options.discontinuity === true ? AF_DISCONTINUITY : 0);
  writePcr(buf, at + 6, options.pcr27);
  buf.fill(0xff, at + 12, at + PACKET_SIZE);
}

export interface PcrPacketOptions {
  readonly pid: number;
  /** That of the PID's last packet. */
  readonly continuity: number;
  readonly pcr27: number;
  readonly discontinuity?: boolean;
}
