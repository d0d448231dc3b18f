import type { CmafPeriod, CmafTrack, Presentation, SegmentRecord, Timeline } from "@millrace/cmaf";
import { TICKS_PER_SECOND } from "@millrace/model";
import {
  formatDateTime,
  type Period,
  type ProducerReferenceTime,
  type Representation,
  type RepresentationBase,
  type SegmentTemplate,
} from "@millrace/playlist";
import { adaptationSetOf } from "./adaptation-set.ts";
import { spliceEvents } from "./events.ts";
import { numberTemplate, regularDuration, scaled, timeTemplate } from "./segments.ts";

/** Said before anything was measured, bits a second. */
const GUESS: Readonly<Record<string, number>> = { video: 2_000_000, audio: 128_000 };

const STEP_US = 125_000;

/** A track that has nothing from so much of its period, 90 kHz, is not late but silent. */
const LATE_TICKS = 5 * TICKS_PER_SECOND;

/** So far dash.js jumps to the end of a period (its `smallGapLimit`). */
const NEAR_US = 1_500_000;

interface ListedTrack {
  readonly track: CmafTrack;
  readonly segments: readonly SegmentRecord[];
}

/** A period, as far as it can be listed. */
export interface ListedPeriod {
  readonly period: CmafPeriod;
  /** Those that have segments. */
  readonly tracks: readonly ListedTrack[];
  /** Where all tracks are cut. */
  readonly leader: ListedTrack;
  /** Duration of every segment, 90 kHz; undefined where they are not alike. */
  readonly regularTicks: number | undefined;
}

/** How the segments of all periods are named. */
export interface Naming {
  readonly byNumber: boolean;
  /** The period that goes on. */
  readonly last: ListedPeriod;
  /** They can be had while they grow, part by part: how long parts are at most, microseconds. */
  readonly partUs?: number;
  /** Where the server tells its time, relative to the MPD. */
  readonly clock: { readonly schemeIdUri: string; readonly value: string };
}

/**
 * What is listed of a period: segments that all tracks have. Undefined while there are none; and, so that a period has all its
 * tracks from the beginning, as long as a track may only be late: Shaka Player does not get over one that comes later.
 */
export function listedPeriod(
  timeline: Timeline,
  { wholeMsn }: Presentation,
  period: CmafPeriod,
): ListedPeriod | undefined {
  const tracks: ListedTrack[] = [];
  for (const track of period.tracks) {
    const all = timeline.segments(track.name, period.id);
    const segments = all.filter(({ complete, gap, msn }) => complete && gap !== true && msn <= wholeMsn);
    if (segments.length > 0) tracks.push({ track, segments });
  }
  const leader = tracks.find(({ track }) => track.kind === "video") ?? tracks[0];
  if (leader === undefined) return undefined;
  const isThere = (each: CmafTrack): boolean => tracks.some(({ track }) => track === each);
  const isWhole = period.tracks.every((each) => each.kind === "subtitle" || isThere(each));
  if (!isWhole && isYoung(period, leader)) return undefined;
  return { period, tracks, leader, regularTicks: regularDuration(period, leader.track, leader.segments) };
}

function isYoung({ startTicks }: CmafPeriod, { track: { timescale }, segments }: ListedTrack): boolean {
  const last = segments.at(-1);
  return (
    last !== undefined && last.startTicks + last.durationTicks < scaled(startTicks + LATE_TICKS, timescale)
  );
}

export function periodOf(listed: ListedPeriod, { rates, events }: Presentation, naming: Naming): Period {
  const { period, tracks, leader } = listed;
  const splices = spliceEvents(period, events);
  const bandwidthOf = ({ name, kind }: CmafTrack): number =>
    rates.find((rate) => rate.period === period.id && rate.track === name)?.bitsPerSecond ?? GUESS[kind] ?? 1;
  const isFirst = (track: CmafTrack): boolean =>
    period.tracks.find(({ kind }) => kind === track.kind) === track;
  return {
    // The start is the same on every server, and no other period's.
    id: String(period.startTicks),
    startUs: startUs(period),
    ...(splices !== undefined && { eventStreams: [splices] }),
    adaptationSets: tracks.map(({ track, segments }) => {
      const segmentTemplate = templateOf(listed, { track, segments }, naming);
      return adaptationSetOf({
        track,
        id: period.tracks.indexOf(track) + 1,
        isMain: isFirst(track),
        isLeader: track === leader.track,
        bandwidth: Math.max(1, bandwidthOf(track)),
        segmentTemplate,
        extra: lowLatencyOf(listed, segmentTemplate, naming),
      });
    }),
  };
}

/**
 * A period with its end (ISO/IEC 23009-1 §5.3.2.1), where that is a little before the beginning of the one behind it. After a
 * longer pause it lasts, as the standard has it, until the next one begins, and only its segments end before: dash.js jumps to
 * the end of a period that is near, may have given up the last segment by then, and stays there for good, between two periods.
 * Where segments are counted, the last of them says where they end: players that are told both do not get over it.
 */
export function endedPeriod(period: Period, listed: ListedPeriod, next: ListedPeriod): Period {
  if (period.adaptationSets.some(({ representations }) => representations.some(isCounted))) return period;
  const durationUs = listedUs(listed).to - startUs(listed.period);
  const mostUs = startUs(next.period) - startUs(listed.period);
  const isBefore = durationUs > 0 && durationUs < mostUs;
  return isBefore && mostUs - durationUs <= NEAR_US ? { ...period, durationUs } : period;
}

function isCounted({ segmentTemplate }: Representation): boolean {
  return segmentTemplate?.durationTicks !== undefined;
}

/**
 * When a period begins, microseconds since 1970. Eighths of a second are exact in floating point: players that calculate in
 * seconds find the segment that begins just then.
 */
function startUs({ startTicks, utcOffsetMs }: CmafPeriod): number {
  return Math.round((scaled(startTicks, 1_000_000) + utcOffsetMs * 1000) / STEP_US) * STEP_US;
}

/** What is listed, microseconds since 1970. */
export function listedUs({ period, leader: { track, segments } }: ListedPeriod): {
  from: number;
  to: number;
} {
  const zero = scaled(period.startTicks, track.timescale);
  const us = (ticks: number): number =>
    startUs(period) + Math.round(((ticks - zero) * 1e6) / track.timescale);
  const last = segments.at(-1);
  return {
    from: us(segments[0]?.startTicks ?? zero),
    to: us(last === undefined ? zero : last.startTicks + last.durationTicks),
  };
}

/** The longest segment of all tracks, microseconds. */
export function longestUs({ tracks }: ListedPeriod): number {
  const longest = tracks.map(({ track, segments }) =>
    Math.ceil((Math.max(...segments.map(({ durationTicks }) => durationTicks)) * 1e6) / track.timescale),
  );
  return Math.max(0, ...longest);
}

function templateOf(listed: ListedPeriod, { track, segments }: ListedTrack, naming: Naming): SegmentTemplate {
  const { period, regularTicks } = listed;
  if (!naming.byNumber || regularTicks === undefined) return timeTemplate(track, period, segments);
  const template = numberTemplate(track, period, regularTicks);
  // Its successor's segments are counted on.
  const endNumber = listed.leader.segments.at(-1)?.msn;
  if (listed !== naming.last && endNumber !== undefined) return { ...template, endNumber };
  const aheadUs = (regularTicks * 1e6) / TICKS_PER_SECOND - (naming.partUs ?? 0);
  if (naming.partUs === undefined || aheadUs <= 0) return template;
  // From its first part on (ISO/IEC 23009-1 §5.3.9.5.3).
  return {
    ...template,
    availabilityTimeOffsetUs: Math.floor(aheadUs / 1000) * 1000,
    availabilityTimeComplete: false,
  };
}

/** What says how fresh segments are, and where they can be cut into (ISO/IEC 23009-1 §5.12, §5.3.13). */
function lowLatencyOf(
  { period }: ListedPeriod,
  { availabilityTimeComplete, timescale = 1 }: SegmentTemplate,
  { partUs = 0, clock }: Naming,
): RepresentationBase {
  if (availabilityTimeComplete !== false) return {};
  const time: ProducerReferenceTime = {
    id: 0,
    type: "encoder",
    wallClockTime: formatDateTime(startUs(period) / 1000),
    presentationTimeTicks: scaled(period.startTicks, timescale),
    utcTiming: clock,
  };
  return {
    producerReferenceTimes: [time],
    resyncs: [{ type: 0, maxDistanceTicks: Math.ceil((partUs * timescale) / 1e6) }],
  };
}
