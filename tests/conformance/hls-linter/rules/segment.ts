import { TICKS_PER_SECOND } from "@millrace/model";
import { ticksDiff } from "@millrace/mpegts";
import type { Rule, SegmentView, StreamOfSegment } from "../model.ts";
import { tagOf } from "../scan.ts";
import { isDuplicate } from "../ts-segment.ts";

/** Seconds by which EXTINF may be off the media, where the next segment's beginning is known, and where it is not. */
const SLACK_S = 0.05;
const LOOSE_SLACK_S = 0.25;
/** A gap or overlap in time between segments that is not called a discontinuity; seconds. */
const MAX_STEP_S = 0.5;

const name = ({ listed }: SegmentView): string => `"${listed.uri}"`;
const isJump = ({ listed }: SegmentView): boolean => tagOf(listed, "EXT-X-DISCONTINUITY") !== undefined;

/** What is in the segments: MPEG-2 transport streams. */
export const segmentRules: readonly Rule[] = [
  {
    id: "ts.packets",
    clause: "RFC 8216 §3.2, ISO/IEC 13818-1 §2.4.3.2",
    level: "must",
    doc: "A segment is whole TS packets, each with its sync byte, and not empty.",
    on: "segment",
    check(segment, report) {
      if (segment.media.packets === 0) report(name(segment), "is empty");
      else if (segment.media.brokenAt >= 0)
        report(name(segment), `no packet at byte ${segment.media.brokenAt}`);
    },
  },
  {
    id: "ts.tables",
    clause: "RFC 8216 §3.2",
    level: "must",
    doc: "A segment has a PAT and a PMT before its media.",
    on: "segment",
    check(segment, report) {
      const { patAt, pmtAt, mediaAt } = segment.media;
      if (patAt < 0 || pmtAt < 0) report(name(segment), `no ${patAt < 0 ? "PAT" : "PMT"}`);
      else if (mediaAt >= 0 && mediaAt < pmtAt) report(name(segment), "media before the PMT");
    },
  },
  {
    id: "ts.tables-first",
    clause: "RFC 8216 §3.2",
    level: "should",
    doc: "The PAT and the PMT are the first packets of a segment.",
    on: "segment",
    check(segment, report) {
      const { patAt, pmtAt } = segment.media;
      if (patAt > 0 || pmtAt < patAt || pmtAt > 8)
        report(name(segment), `PAT at packet ${patAt}, PMT at ${pmtAt}`);
    },
  },
  {
    id: "ts.program",
    clause: "RFC 8216 §3.2",
    level: "must",
    doc: "A segment has one program.",
    on: "segment",
    check(segment, report) {
      const { programs } = segment.media;
      if (programs > 1) report(name(segment), `${programs} programs`);
    },
  },
  {
    id: "ts.key-frame",
    clause: "RFC 8216 §3, §4.3.5.1",
    level: "must",
    doc: "Video begins with a key frame.",
    on: "segment",
    check(segment, report) {
      const video = segment.media.streams.find((stream) => stream.kind === "video");
      if (video?.startsWithKey === false)
        report(name(segment), `video PID ${video.pid} begins with another picture`);
    },
  },
  {
    id: "ts.continuity",
    clause: "RFC 8216 §3, ISO/IEC 13818-1 §2.4.3.3",
    level: "must",
    doc: "Continuity counters go on within a segment, and from one to the next unless there is an EXT-X-DISCONTINUITY.",
    on: "segment",
    check(segment, report) {
      const pids = segment.media.brokenPids;
      if (pids.length > 0) report(name(segment), `counters jump on PID ${pids.join(", ")}`);
    },
  },
  {
    id: "ts.continuity-across",
    clause: "RFC 8216 §3, §4.3.2.3",
    level: "must",
    doc: "Continuity counters go on from one segment to the next, unless there is an EXT-X-DISCONTINUITY.",
    on: "follow",
    check(before, after, report) {
      if (isJump(after)) return;
      for (const [pid, now] of after.media.continuity) {
        const old = before.media.continuity.get(pid);
        if (old === undefined || now.excused) continue;
        const expected = now.firstHasPayload ? (old.last + 1) & 15 : old.last;
        // Tables that are put in front of a segment may be those that stood last.
        const duplicate =
          !old.duplicated && !now.firstRepeated && isDuplicate(old.lastPacket, now.firstPacket);
        if (now.first !== expected && !duplicate)
          report(name(after), `PID ${pid}: ${now.first} after ${old.last}`);
      }
    },
  },
  {
    id: "ts.tracks",
    clause: "RFC 8216 §4.3.2.3",
    level: "must",
    doc: "Number, type and identifiers of the tracks stay, unless there is an EXT-X-DISCONTINUITY.",
    on: "follow",
    check(before, after, report) {
      const list = ({ media }: SegmentView) =>
        media.streams.map(({ pid, streamType }) => `${pid}:0x${streamType.toString(16)}`).join(" ");
      if (!isJump(after) && list(before) !== list(after))
        report(name(after), `tracks were ${list(before)}, are ${list(after)}`);
    },
  },
  {
    id: "ts.timestamps",
    clause: "RFC 8216 §4.3.2.3",
    level: "must",
    doc: "Time stamps go on from one segment to the next, unless there is an EXT-X-DISCONTINUITY.",
    on: "follow",
    check(before, after, report) {
      if (isJump(after)) return;
      for (const stream of after.media.streams) {
        const old = before.media.streams.find((one) => one.pid === stream.pid);
        if (stream.kind === "other" || stream.firstDts === undefined || old?.firstDts === undefined) continue;
        const step = ticksDiff(old.lastDts, stream.firstDts) / TICKS_PER_SECOND;
        if (step <= 0 || step > MAX_STEP_S)
          report(name(after), `PID ${stream.pid} steps by ${step.toFixed(3)} s`);
      }
    },
  },
  {
    id: "duration.media",
    clause: "RFC 8216 §4.3.2.1, §6.2.1",
    level: "must",
    doc: "EXTINF is the duration of the media: from the segment's first picture to that of the next.",
    on: "follow",
    check(before, after, report) {
      const start = leadOf(before);
      const next = after.media.streams.find((stream) => stream.pid === start?.pid);
      const duration = before.listed.duration;
      if (isJump(after) || start === undefined || next?.firstPts === undefined || duration === undefined)
        return;
      const real = ticksDiff(start.firstPts as number, next.firstPts) / TICKS_PER_SECOND;
      if (Math.abs(real - duration) > SLACK_S)
        report(name(before), `EXTINF ${duration}, the media lasts ${real.toFixed(3)} s`);
    },
  },
  {
    id: "duration.alone",
    clause: "RFC 8216 §4.3.2.1, §6.2.1",
    level: "must",
    doc: "EXTINF is the duration of the media, as far as the segment alone shows it.",
    on: "segment",
    check(segment, report) {
      const lead = leadOf(segment);
      const { duration } = segment.listed;
      if (lead === undefined || lead.units < 2 || duration === undefined) return;
      const span = (lead.maxPts - lead.minPts) / TICKS_PER_SECOND;
      const real = span + span / (lead.units - 1);
      if (Math.abs(real - duration) > LOOSE_SLACK_S)
        report(name(segment), `EXTINF ${duration}, the media lasts ${real.toFixed(3)} s`);
    },
  },
];

/** The stream that gives the segment its duration: video, or else audio. */
function leadOf({ media }: SegmentView): StreamOfSegment | undefined {
  const timed = media.streams.filter((stream) => stream.firstPts !== undefined);
  return timed.find((stream) => stream.kind === "video") ?? timed.find((stream) => stream.kind === "audio");
}
