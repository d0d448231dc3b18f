import type { BitWriter, ByteReader } from "@millrace/bytes";

/** Modified Julian Date of 1970-01-01. */
const MJD_1970 = 40_587;
const DAY_MS = 86_400_000;

/** Two decimal digits in one byte. Digits above nine are taken at their weight. */
export function fromBcd(byte: number): number {
  return (byte >> 4) * 10 + (byte & 15);
}

export function toBcd(value: number): number {
  return ((Math.trunc(value / 10) % 10) << 4) | (value % 10);
}

/** `digits` decimal digits, four bits each, as a number. */
export function bcdNumber(packed: number, digits: number): number {
  let value = 0;
  for (let i = digits - 1; i >= 0; i--) value = value * 10 + (Math.floor(packed / 16 ** i) % 16);
  return value;
}

/** The inverse of `bcdNumber`. */
export function packBcd(value: number, digits: number): number {
  let packed = 0;
  let left = Math.round(value);
  for (let i = 0; i < digits; i++) {
    packed += (left % 10) * 16 ** i;
    left = Math.floor(left / 10);
  }
  return packed;
}

/**
 * Reads a 40-bit UTC_time or start_time (EN 300 468 Annex C): UTC in milliseconds, or undefined where all bits are set.
 * Dates before `MJD_ROLLOVER` belong to the second turn of the 16-bit day number, which begins on 2038-04-23.
 */
export function readUtcTime(reader: ByteReader): number | undefined {
  const mjd = reader.u16();
  const time = reader.u24();
  if (mjd === 0xffff && time === 0xffffff) return undefined;
  const day = mjd < MJD_ROLLOVER ? mjd + 0x10000 : mjd;
  return (day - MJD_1970) * DAY_MS + secondsFromBcd(time) * 1000;
}

/** 15079 is 1900-03-01, where the formulae of Annex C begin to hold: no earlier day was ever meant by a broadcast. */
export const MJD_ROLLOVER = 15_079;

export function writeUtcTime(writer: BitWriter, utcMs: number | undefined): void {
  if (utcMs === undefined) {
    writer.bits(0xffff, 16).bits(0xffffff, 24);
    return;
  }
  const day = Math.floor(utcMs / DAY_MS);
  writer
    .bits((day + MJD_1970) & 0xffff, 16)
    .bits(secondsToBcd(Math.floor((utcMs - day * DAY_MS) / 1000)), 24);
}

/** Reads a 24-bit BCD duration (hh:mm:ss) in seconds, or undefined where all bits are set. */
export function readDuration(reader: ByteReader): number | undefined {
  const time = reader.u24();
  return time === 0xffffff ? undefined : secondsFromBcd(time);
}

export function writeDuration(writer: BitWriter, seconds: number | undefined): void {
  writer.bits(seconds === undefined ? 0xffffff : secondsToBcd(seconds), 24);
}

function secondsFromBcd(time: number): number {
  return fromBcd(time >> 16) * 3600 + fromBcd((time >> 8) & 255) * 60 + fromBcd(time & 255);
}

function secondsToBcd(seconds: number): number {
  const hours = Math.floor(seconds / 3600);
  return (toBcd(hours) << 16) | (toBcd(Math.floor(seconds / 60) % 60) << 8) | toBcd(seconds % 60);
}
