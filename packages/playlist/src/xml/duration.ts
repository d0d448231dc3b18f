import { PlaylistError } from "../errors.ts";
import { formatScaled } from "../hls/attributes.ts";

const FORM =
  /^P(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,9})D)?(?:T(?:(\d{1,12})H)?(?:(\d{1,12})M)?(?:(\d{1,14})(?:\.(\d{0,12}))?S)?)?$/;

const DAY_S = 86_400;

/**
 * xs:duration (XML Schema Part 2 §3.2.6) as microseconds. Years and months, which have no fixed length, count as 365 and
 * 30 days. Undefined for what is none, is negative, or is longer than 2^53 µs.
 */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim();
  const match = FORM.exec(trimmed);
  if (match === null || trimmed === "P" || trimmed.endsWith("T")) return undefined;
  const [, years = 0, months = 0, days = 0, hours = 0, minutes = 0, seconds = 0, fraction = ""] = match;
  const whole =
    Number(years) * 365 * DAY_S +
    Number(months) * 30 * DAY_S +
    Number(days) * DAY_S +
    Number(hours) * 3600 +
    Number(minutes) * 60 +
    Number(seconds);
  // Digits behind the microseconds are rounded.
  const us = whole * 1_000_000 + Math.round(Number(`0.${fraction || "0"}`) * 1_000_000);
  return Number.isSafeInteger(us) ? us : undefined;
}

/** Microseconds as xs:duration: `PT1H2M3.5S`. Throws `playlist.bad-value` for what is negative or no integer. */
export function formatDuration(us: number): string {
  if (!Number.isSafeInteger(us) || us < 0)
    throw new PlaylistError("playlist.bad-value", `${us} µs is no duration`);
  const hours = Math.floor(us / 3_600_000_000);
  const minutes = Math.floor(us / 60_000_000) % 60;
  const rest = us % 60_000_000;
  const text = (hours > 0 ? `${hours}H` : "") + (minutes > 0 ? `${minutes}M` : "");
  return `PT${text}${rest > 0 || text === "" ? `${formatScaled(rest, 1e6)}S` : ""}`;
}
