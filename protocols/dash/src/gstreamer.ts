import type { Mpd } from "@millrace/playlist";

const DAY_H = 24;
/** As GStreamer counts them. */
const MONTH_DAYS = 30;
/** From when something is heard of a segment to when GStreamer looks for it. */
const MARGIN_US = 500_000;

/** Whether it is one of GStreamer's DASH demultiplexers that asks. Its programs can call themselves otherwise. */
export function isGstreamer(userAgent: string | undefined): boolean {
  return userAgent?.startsWith("GStreamer ") === true;
}

/**
 * What GStreamer 1.22 can work with. It takes no duration of 31 days or more, so that time counts from the month in which
 * the oldest period began. It begins to play by the clock, and gives up where it finds nothing: the delay must not lead
 * to before the newest period, of which so much is listed.
 */
export function forGstreamer(mpd: Mpd, listedUs: number): Mpd {
  const firstMs = Math.floor((mpd.periods[0]?.startUs ?? 0) / 1000);
  const first = new Date(firstMs);
  const zeroMs = Date.UTC(first.getUTCFullYear(), first.getUTCMonth());
  const delayUs = Math.min(mpd.suggestedPresentationDelayUs ?? 0, Math.max(0, listedUs - MARGIN_US));
  return {
    ...mpd,
    availabilityStartTimeMs: zeroMs,
    suggestedPresentationDelayUs: delayUs,
    periods: mpd.periods.map((period) => ({ ...period, startUs: (period.startUs ?? 0) - zeroMs * 1000 })),
  };
}

/**
 * The same MPD with days where hours are more than 24, which GStreamer 1.22 refuses; more than 30 days are months of 30
 * days each.
 */
export function withDays(text: string): string {
  return text.replace(/="PT(\d+)H/g, (same, digits: string) => {
    const hours = Number(digits);
    if (hours < DAY_H) return same;
    const days = Math.floor(hours / DAY_H);
    const months = days <= MONTH_DAYS ? 0 : Math.floor(days / MONTH_DAYS);
    return `="P${months > 0 ? `${months}M` : ""}${days - months * MONTH_DAYS}DT${hours % DAY_H}H`;
  });
}

/** The clock's address with scheme and authority: GStreamer does not resolve it against that of the MPD. */
export function withClock(text: string, relative: string, origin: string): string {
  return text.replace(
    ` value="${relative}"`,
    () => ` value="${origin}/${relative.replace(/^(\.\.\/)+/, "")}"`,
  );
}
