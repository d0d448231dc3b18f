import type { Presentation, Timeline } from "@millrace/cmaf";
import type { Mpd, ServiceDescription } from "@millrace/playlist";
import { forGstreamer } from "./gstreamer.ts";
import { endedPeriod, type ListedPeriod, listedPeriod, listedUs, longestUs, periodOf } from "./period.ts";

const PROFILES = ["urn:mpeg:dash:profile:isoff-live:2011", "urn:mpeg:dash:profile:cmaf:2019"];
/** DASH-IF Low-Latency Modes §9.X.2. */
const LOW_LATENCY_PROFILE = "http://www.dashif.org/guidelines/low-latency-live-v5";
const CLOCK_SCHEME = "urn:mpeg:dash:utc:http-xsdate:2014";
/** Players stay so far behind, target durations. */
const DELAY = 3;
/** Segments of sound end some frames before or behind those of the picture. */
const SLACK_US = 100_000;
/** GStreamer fills its buffers slowly where there is little to begin with: it waits for so much of a new stream at most. */
const YOUNG_US = 6_000_000;
/** At low latency: so many parts, and milliseconds at least. */
const LATENCY_PARTS = 5;
const LEAST_LATENCY_MS = 2000;
/** More than so many times the latency that is wanted is too much. */
const MOST_LATENCIES = 3;

export interface ManifestOptions {
  /** Segments are named by number, in periods where all are of one duration. */
  readonly byNumber: boolean;
  /** There too, they can be had while they grow (ISO/IEC 23009-1 annex K). */
  readonly lowLatency: boolean;
  /** Where the server tells its time, relative to the MPD. */
  readonly clockUrl: string;
  /** How many target durations ago the newest segment ended, where that is out of the ordinary: see `stallOf`. */
  readonly stall: number;
  /** It is for GStreamer: see `forGstreamer`. */
  readonly gstreamer?: boolean;
}

/** A segment is listed when it is complete: it ended just now, unless the source stopped. */
const ORDINARY = 2;

/**
 * How long a stream stands still already, in target durations; 0 for one that goes on. Its last segments are to be had all
 * the while, which the MPD has to say: players hold what is older than timeShiftBufferDepth for gone, or their clock for
 * wrong.
 */
export function stallOf(timeline: Timeline, nowMs: number): number {
  const { presentation } = timeline;
  const last = presentation?.periods.findLast((period) => listedPeriod(timeline, presentation, period));
  const listed = last && presentation && listedPeriod(timeline, presentation, last);
  if (listed === undefined || presentation === undefined) return 0;
  const targets = (nowMs - listedUs(listed).to / 1000) / (presentation.targetDurationS * 1000);
  return targets < ORDINARY ? 0 : Math.floor(targets);
}

/**
 * The MPD of a live stream. Presentation times are UTC since 1970, so that neither a restart nor another server changes
 * them. It depends on `timeline.presentation` alone. Undefined before the first segment.
 */
export function manifestOf(timeline: Timeline, options: ManifestOptions): Mpd | undefined {
  const { presentation } = timeline;
  const listed = presentation?.periods.flatMap(
    (period) => listedPeriod(timeline, presentation, period) ?? [],
  );
  const last = listed?.at(-1);
  if (presentation === undefined || listed === undefined || last === undefined) return undefined;
  if (options.gstreamer === true && isYoung(presentation, listed)) return undefined;
  const lowLatency = options.lowLatency && last.regularTicks !== undefined;
  const { changedMs, partTargetUs } = presentation;
  const clock = { schemeIdUri: CLOCK_SCHEME, value: options.clockUrl };
  const naming = {
    byNumber: options.byNumber || lowLatency,
    last,
    clock,
    ...(lowLatency && { partUs: partTargetUs }),
  };
  const mpd: Mpd = {
    profiles: lowLatency ? [...PROFILES, LOW_LATENCY_PROFILE] : PROFILES,
    type: "dynamic",
    availabilityStartTimeMs: 0,
    publishTimeMs: Math.max(changedMs, stalledMs(presentation, last, options.stall)),
    ...delaysOf(presentation, listed, { lowLatency, stall: options.stall }),
    periods: listed.map((each, i) => {
      const period = periodOf(each, presentation, naming);
      const next = listed[i + 1];
      return next === undefined ? period : endedPeriod(period, each, next);
    }),
    utcTimings: [clock],
  };
  const { from, to } = listedUs(last);
  return options.gstreamer === true ? forGstreamer(mpd, to - from) : mpd;
}

/** Whether less than players like to stay behind is there, and more is about to come. */
function isYoung({ targetDurationS }: Presentation, listed: readonly ListedPeriod[]): boolean {
  const [first, last] = [listed[0], listed.at(-1)];
  if (first === undefined || last === undefined) return true;
  const wantedUs = Math.min(DELAY * targetDurationS * 1e6, YOUNG_US) - SLACK_US;
  const isFromItsStart = first.leader.segments[0]?.msn === first.period.firstMsn;
  return isFromItsStart && listedUs(last).to - listedUs(first).from < wantedUs;
}

type Delays = Pick<
  Mpd,
  | "minimumUpdatePeriodUs"
  | "minBufferTimeUs"
  | "timeShiftBufferDepthUs"
  | "suggestedPresentationDelayUs"
  | "maxSegmentDurationUs"
  | "serviceDescriptions"
>;

/** When it came to a stall of so many target durations. */
function stalledMs({ targetDurationS }: Presentation, last: ListedPeriod, stall: number): number {
  return stall === 0 ? 0 : Math.floor(listedUs(last).to / 1000) + stall * targetDurationS * 1000;
}

function delaysOf(
  presentation: Presentation,
  listed: readonly ListedPeriod[],
  { lowLatency, stall }: { lowLatency: boolean; stall: number },
): Delays {
  const { targetDurationS, partTargetUs } = presentation;
  const targetUs = targetDurationS * 1e6;
  const spans = listed.map(listedUs);
  // By the clock: where nothing came for a while counts, too.
  const totalUs = (spans.at(-1)?.to ?? 0) - (spans[0]?.from ?? 0);
  const listedForUs = Math.max(DELAY * targetUs, totalUs) - SLACK_US;
  const depthUs = listedForUs + (stall === 0 ? 0 : (stall + 1) * targetUs);
  const common = {
    timeShiftBufferDepthUs: depthUs,
    maxSegmentDurationUs: longest(listed, targetUs),
  };
  if (!lowLatency) {
    return {
      ...common,
      minimumUpdatePeriodUs: Math.max(1e6, targetUs / 2),
      minBufferTimeUs: targetUs,
      // A segment is left behind the player, so that it does not fall out of what is listed.
      suggestedPresentationDelayUs: Math.min(DELAY * targetUs, depthUs - targetUs),
    };
  }
  const latencyMs = Math.max(LEAST_LATENCY_MS, Math.round((LATENCY_PARTS * partTargetUs) / 1000));
  return {
    ...common,
    minimumUpdatePeriodUs: targetUs,
    minBufferTimeUs: Math.min(targetUs, 2 * partTargetUs),
    // Not all of it: there are players that stay behind by the latency in addition.
    suggestedPresentationDelayUs: latencyMs * 500,
    serviceDescriptions: [serviceOf(latencyMs)],
  };
}

/** Players measure the live edge by it: it is no longer than it has to be. Tens of milliseconds keep it the same. */
function longest(listed: readonly ListedPeriod[], targetUs: number): number {
  const longestSoFarUs = Math.ceil(Math.max(...listed.map(longestUs)) / 10_000) * 10_000;
  if (listed.every(({ regularTicks }) => regularTicks !== undefined)) return longestSoFarUs;
  // Rounded, segments may reach the target duration (RFC 8216 §4.3.3.1).
  return Math.max(targetUs + 500_000, longestSoFarUs);
}

function serviceOf(targetMs: number): ServiceDescription {
  return {
    id: 0,
    latency: {
      referenceId: 0,
      targetMs,
      minMs: Math.round(targetMs / 2),
      maxMs: MOST_LATENCIES * targetMs,
    },
    playbackRate: { minThousandths: 960, maxThousandths: 1040 },
  };
}
