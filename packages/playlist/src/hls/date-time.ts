import { PlaylistError } from "../errors.ts";

/** 0000-01-01 and 9999-12-31, milliseconds: RFC 3339 writes years with four digits. */
const EARLIEST = -62_167_219_200_000;
const LATEST = 253_402_300_799_999;

/** Milliseconds since 1970 as the standard wants dates: `2026-11-21T09:46:00.123Z` (RFC 8216 §4.3.2.6, RFC 3339). */
export function formatDateTime(ms: number): string {
  if (!(ms >= EARLIEST && ms <= LATEST)) throw new PlaylistError("playlist.bad-value", `${ms} ms is no date`);
  return new Date(ms).toISOString();
}

const FORM =
  /^(\d{4})-?(\d{2})-?(\d{2})[Tt ](\d{2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,12}))?)?\s*(Z|z|[+-]\d{2}(?::?\d{2})?)?$/;

/**
 * An ISO 8601 date and time to milliseconds since 1970. A date without a zone is read as UTC (the standard asks for one,
 * not every encoder gives it). Undefined where it is no date.
 */
export function parseDateTime(text: string): number | undefined {
  const match = FORM.exec(text.trim());
  if (match === null) return undefined;
  const [, yearText, monthText, dayText, hourText, minuteText, secondText = "0", fraction = "0", zone] =
    match;
  const [year, month, day] = [Number(yearText), Number(monthText), Number(dayText)];
  const [hour, minute, second] = [Number(hourText), Number(minuteText), Number(secondText)];
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return undefined;
  // Second 60 is a leap second; it is counted as the first of the next minute.
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second, Number(fraction.slice(0, 3).padEnd(3, "0")));
  const ms = date.getTime() - zoneMs(zone ?? "Z");
  return ms >= EARLIEST && ms <= LATEST ? ms : undefined;
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function zoneMs(zone: string): number {
  if (zone === "Z" || zone === "z") return 0;
  const sign = zone.startsWith("-") ? -1 : 1;
  const digits = zone.replace(/\D/g, "").padEnd(4, "0");
  return sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2, 4))) * 60_000;
}
