import type { CmafPeriod, CmafTrack, SegmentRecord } from "@millrace/cmaf";
import { TICKS_PER_SECOND } from "@millrace/model";
import type { SegmentTemplate, TimelineEntry } from "@millrace/playlist";

/** Segments may differ so much from one duration and still be addressed by number: ISO/IEC 23009-1 §7.2.1 allows half. */
const DIFFERENCE = 0.05;
/** …and so much of a segment may all of them together be off. */
const DRIFT = 0.25;

/** `cmaf/v1/…`, relative to the MPD. */
const MEDIA = "cmaf/$RepresentationID$/";

/** Segments by their start, in a SegmentTimeline (ISO/IEC 23009-1 §5.3.9.6). */
export function timeTemplate(
  track: CmafTrack,
  period: CmafPeriod,
  segments: readonly SegmentRecord[],
): SegmentTemplate {
  const { timescale } = track;
  return {
    timescale,
    presentationTimeOffsetTicks: scaled(period.startTicks, timescale),
    startNumber: segments[0]?.msn ?? period.firstMsn,
    initializationTemplate: `cmaf/${track.init}`,
    media: `${MEDIA}$Time$.m4s`,
    timeline: { entries: entriesOf(segments) },
  };
}

/** Segments by their number: each lasts as long as all others. All tracks count in ticks of 90 kHz. */
export function numberTemplate(track: CmafTrack, period: CmafPeriod, durationTicks: number): SegmentTemplate {
  return {
    timescale: TICKS_PER_SECOND,
    presentationTimeOffsetTicks: period.startTicks,
    durationTicks,
    startNumber: period.firstMsn,
    initializationTemplate: `cmaf/${track.init}`,
    media: `${MEDIA}n$Number$.m4s`,
  };
}

/** How long every segment of the leading track lasts, if all of a period last equally long. */
export function regularDuration(
  period: CmafPeriod,
  leader: CmafTrack,
  segments: readonly SegmentRecord[],
): number | undefined {
  const last = segments.at(-1);
  if (last === undefined) return undefined;
  const end = unscaled(last.startTicks + last.durationTicks, leader.timescale);
  const count = last.msn + 1 - period.firstMsn;
  const mean = (end - period.startTicks) / count;
  const { frameRate } = leader.video ?? {};
  const frame = frameRate === undefined ? 0 : (TICKS_PER_SECOND * frameRate.den) / frameRate.num;
  // It must stay the same from one version to the next, which a mean does not.
  const wanted = frame === 0 ? Math.round(mean / 900) * 900 : Math.round(mean / frame) * frame;
  const ticks = Math.round(wanted);
  const isLike = ({ durationTicks }: SegmentRecord): boolean =>
    Math.abs(unscaled(durationTicks, leader.timescale) - ticks) <= DIFFERENCE * ticks;
  const drift = Math.abs(period.startTicks + count * ticks - end);
  return ticks > 0 && drift <= DRIFT * ticks && segments.every(isLike) ? ticks : undefined;
}

/** Segments side by side and of one duration are one entry. What is missing is left out, and counted. */
function entriesOf(segments: readonly SegmentRecord[]): TimelineEntry[] {
  const entries: { startTicks?: number; number?: number; durationTicks: number; repeat?: number }[] = [];
  let before: SegmentRecord | undefined;
  for (const segment of segments) {
    const { startTicks, durationTicks, msn } = segment;
    const last = entries.at(-1);
    const follows = before !== undefined && startTicks === before.startTicks + before.durationTicks;
    const isNext = before === undefined || msn === before.msn + 1;
    if (last !== undefined && follows && isNext && last.durationTicks === durationTicks) {
      last.repeat = (last.repeat ?? 0) + 1;
    } else {
      entries.push({ ...(!follows && { startTicks }), ...(!isNext && { number: msn }), durationTicks });
    }
    before = segment;
  }
  return entries;
}

/** From 90 kHz to another rate; times are as large as those since 1970. */
export function scaled(ticks: number, timescale: number): number {
  const seconds = Math.floor(ticks / TICKS_PER_SECOND);
  const rest = ticks - seconds * TICKS_PER_SECOND;
  return seconds * timescale + Math.round((rest * timescale) / TICKS_PER_SECOND);
}

/** The same the other way. */
function unscaled(time: number, timescale: number): number {
  const seconds = Math.floor(time / timescale);
  return (
    seconds * TICKS_PER_SECOND + Math.round(((time - seconds * timescale) * TICKS_PER_SECOND) / timescale)
  );
}
