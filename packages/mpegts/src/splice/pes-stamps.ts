import { TICKS_WRAP } from "@millrace/model";
import { hasPlainPesHeader, readTimestamp, writeTimestamp } from "../pes.ts";
import { wrapValue } from "../ts-time.ts";

/** What `stampsOf` found at the start of a payload. */
export const NO_PES = 0;
/** A PES packet without time stamps, or whose header is too broken to tell. */
export const PES_UNSTAMPED = 1;
/** The time stamps go on in the next packet, out of reach. */
export const PES_CUT = 2;
export const PES_PTS = 3;
export const PES_PTS_DTS = 4;

/** Which time stamps the PES packet at `buf[at, end)` has (ISO/IEC 13818-1 §2.4.3.7), told by its start code alone. */
export function stampsOf(buf: Uint8Array, at: number, end: number): number {
  if (end - at < 4 || buf[at] !== 0 || buf[at + 1] !== 0 || buf[at + 2] !== 1) return NO_PES;
  const streamId = buf[at + 3] as number;
  if (streamId < 0xbc) return NO_PES;
  if (hasPlainPesHeader(streamId)) return PES_UNSTAMPED;
  if (end - at < 9) return PES_CUT;
  const length = buf[at + 8] as number;
  if (((buf[at + 6] as number) & 0xc0) !== 0x80 || length < 5) return PES_UNSTAMPED;
  const flags = (buf[at + 7] as number) >> 6;
  if (flags < 2) return PES_UNSTAMPED;
  const both = flags === 3 && length >= 10;
  if (at + (both ? 19 : 14) > end) return PES_CUT;
  return both ? PES_PTS_DTS : PES_PTS;
}

/** PTS of a PES packet with stamps: 33 bits, 90 kHz. */
export function ptsOf(buf: Uint8Array, at: number): number {
  return readTimestamp(buf, at + 9);
}

/** Its DTS, which is the PTS where none is sent. */
export function dtsOf(buf: Uint8Array, at: number, stamps: number): number {
  return readTimestamp(buf, stamps === PES_PTS_DTS ? at + 14 : at + 9);
}

export function isVideo(buf: Uint8Array, at: number): boolean {
  return ((buf[at + 3] as number) & 0xf0) === 0xe0;
}

/** Moves the time stamps of the PES packet at `buf[at]` by `offset` ticks, modulo 2³³. */
export function shiftStamps(buf: Uint8Array, at: number, shift: { stamps: number; offset: number }): void {
  writeTimestamp(buf, at + 9, wrapValue(readTimestamp(buf, at + 9) + shift.offset, TICKS_WRAP));
  if (shift.stamps !== PES_PTS_DTS) return;
  writeTimestamp(buf, at + 14, wrapValue(readTimestamp(buf, at + 14) + shift.offset, TICKS_WRAP));
}
