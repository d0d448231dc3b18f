import type { ListedSegment, PlaylistView, Report, Rule } from "../model.ts";
import { tagOf } from "../scan.ts";

const url = (playlist: PlaylistView): string => playlist.fetch.url;

/** What may change between two fetches of one playlist. */
export const reloadRules: readonly Rule[] = [
  {
    id: "reload.target",
    clause: "RFC 8216 §6.2.1",
    level: "must",
    doc: "EXT-X-TARGETDURATION never changes.",
    on: "reload",
    check(before, after, report) {
      if (before.targetDuration !== after.targetDuration)
        report(url(after), `from ${before.targetDuration} to ${after.targetDuration}`);
    },
  },
  {
    id: "reload.sequence",
    clause: "RFC 8216 §6.2.2",
    level: "must",
    doc: "EXT-X-MEDIA-SEQUENCE never goes back.",
    on: "reload",
    check(before, after, report) {
      if (after.mediaSequence < before.mediaSequence)
        report(url(after), `from ${before.mediaSequence} to ${after.mediaSequence}`);
    },
  },
  {
    id: "reload.count",
    clause: "RFC 8216 §6.2.2",
    level: "must",
    doc: "EXT-X-MEDIA-SEQUENCE grows by one for each segment removed: a segment keeps its number.",
    on: "reload",
    check(before, after, report) {
      const numbers = new Map(before.segments.map((segment) => [segment.uri, segment.sequence]));
      for (const { uri, sequence } of after.segments) {
        const old = numbers.get(uri) ?? sequence;
        if (old !== sequence) report(`"${uri}"`, `was segment ${old}, is segment ${sequence}`);
      }
    },
  },
  {
    id: "reload.removal",
    clause: "RFC 8216 §6.2.2",
    level: "must",
    doc: "Segments are removed in order, from the beginning.",
    on: "reload",
    check(before, after, report) {
      const kept = new Set(after.segments.map((segment) => segment.uri));
      for (const { uri, sequence } of before.segments)
        if (sequence >= after.mediaSequence && !kept.has(uri))
          report(`"${uri}"`, "vanished from within the window");
    },
  },
  {
    id: "reload.segment",
    clause: "RFC 8216 §6.2.1",
    level: "must",
    doc: "What is said of a segment (duration, discontinuity, key, map, range) stays as it was.",
    on: "reload",
    check(before, after, report) {
      const known = new Map(before.segments.map((segment) => [segment.uri, segment]));
      for (const segment of after.segments) checkUnchanged(known.get(segment.uri), segment, report);
    },
  },
  {
    id: "reload.discontinuity",
    clause: "RFC 8216 §6.2.2",
    level: "must",
    doc: "EXT-X-DISCONTINUITY-SEQUENCE grows by one for each EXT-X-DISCONTINUITY removed: a segment keeps its discontinuity number.",
    on: "reload",
    check(before, after, report) {
      const numbers = new Map(before.segments.map((segment) => [segment.uri, segment.discontinuity]));
      for (const { uri, discontinuity } of after.segments) {
        const old = numbers.get(uri) ?? discontinuity;
        if (old !== discontinuity) report(`"${uri}"`, `discontinuity number ${old} became ${discontinuity}`);
      }
    },
  },
  {
    id: "reload.sequence-tag",
    clause: "RFC 8216 §6.2.2",
    level: "must",
    doc: "A playlist that removes segments has EXT-X-MEDIA-SEQUENCE.",
    on: "reload",
    check(before, after, report) {
      const removed = before.segments.some(
        ({ uri }) => !after.segments.some((segment) => segment.uri === uri),
      );
      if (removed && !after.tags.has("EXT-X-MEDIA-SEQUENCE")) report(url(after), "no EXT-X-MEDIA-SEQUENCE");
    },
  },
  {
    id: "reload.type",
    clause: "RFC 8216 §4.3.3.5",
    level: "must",
    doc: "An EVENT playlist only grows, a VOD playlist does not change.",
    on: "reload",
    check(before, after, report) {
      const type = before.tags.get("EXT-X-PLAYLIST-TYPE")?.[0]?.value;
      if (type === "VOD" && before.text !== after.text) report(url(after), "a VOD playlist has changed");
      if (type === "EVENT" && after.mediaSequence !== before.mediaSequence)
        report(url(after), "an EVENT playlist has lost segments");
    },
  },
  {
    id: "reload.ended",
    clause: "RFC 8216 §4.3.3.4, §6.2.1",
    level: "must",
    doc: "Behind EXT-X-ENDLIST nothing is added any more.",
    on: "reload",
    check(before, after, report) {
      if (!before.ended) return;
      if (!after.ended) report(url(after), "EXT-X-ENDLIST has gone");
      if (lastNumber(after) > lastNumber(before)) report(url(after), "segments were added");
    },
  },
  {
    id: "reload.late",
    clause: "RFC 8216 §6.2.1",
    level: "must",
    doc: "A live playlist has a new segment at most 1.5 target durations after the one before.",
    on: "stream",
    check: ({ reloads }, report) => checkPace(reloads, "late", report),
  },
  {
    id: "reload.early",
    clause: "RFC 8216 §6.2.1",
    level: "should",
    doc: "A new version of a live playlist comes at the earliest half a target duration after the one before.",
    on: "stream",
    check: ({ reloads }, report) => checkPace(reloads, "early", report),
  },
];

function lastNumber({ mediaSequence, segments }: PlaylistView): number {
  return mediaSequence + segments.length;
}

/** Tags that belong to one segment and are repeated with it in every version of the playlist. */
const STAYING = ["EXTINF", "EXT-X-BYTERANGE", "EXT-X-DISCONTINUITY", "EXT-X-GAP"];

function checkUnchanged(before: ListedSegment | undefined, after: ListedSegment, report: Report): void {
  if (before === undefined) return;
  for (const tag of STAYING) {
    const [old, now] = [tagOf(before, tag)?.text, tagOf(after, tag)?.text];
    if (old !== now) report(`"${after.uri}"`, `"${old ?? "nothing"}" became "${now ?? "nothing"}"`);
  }
}

/**
 * Both limits are tested only as far as the fetches prove them: a version is known to have existed from the end of the
 * first fetch that had it to the start of the last one.
 */
function checkPace(reloads: readonly PlaylistView[], side: "late" | "early", report: Report): void {
  let version: { seenMs: number; absentMs: number } | undefined;
  let before: PlaylistView | undefined;
  for (const playlist of reloads) {
    const { sentMs, doneMs } = playlist.fetch;
    const limitMs = (playlist.targetDuration ?? Number.NaN) * 1000;
    const isNew = before === undefined || lastNumber(playlist) !== lastNumber(before);
    if (isNew) {
      const betweenMs = version === undefined ? Infinity : doneMs - version.absentMs;
      if (side === "early" && betweenMs < limitMs / 2 && !playlist.ended)
        report(playlist.fetch.url, `two versions within ${betweenMs.toFixed(0)} ms`);
      version = { seenMs: doneMs, absentMs: before === undefined ? -Infinity : before.fetch.sentMs };
    } else if (version !== undefined && !playlist.ended && sentMs - version.seenMs > 1.5 * limitMs) {
      const seconds = ((sentMs - version.seenMs) / 1000).toFixed(1);
      if (side === "late")
        report(playlist.fetch.url, `no new segment behind ${lastNumber(playlist) - 1} for ${seconds} s`);
    }
    before = playlist;
  }
}
