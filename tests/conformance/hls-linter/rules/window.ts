import type { Rule } from "../model.ts";
import { lengthOf } from "../scan.ts";

/** Durations and the window, one playlist at a time. */
export const windowRules: readonly Rule[] = [
  {
    id: "duration.target",
    clause: "RFC 8216 §4.3.3.1",
    level: "must",
    doc: "No EXTINF, rounded to the nearest second, is above EXT-X-TARGETDURATION.",
    on: "media",
    check({ segments, targetDuration }, report) {
      for (const { uri, duration } of segments)
        if (duration !== undefined && targetDuration !== undefined && Math.round(duration) > targetDuration)
          report(`"${uri}"`, `EXTINF ${duration} with EXT-X-TARGETDURATION ${targetDuration}`);
    },
  },
  {
    id: "window.segments",
    clause: "RFC 8216 §6.3.3",
    level: "should",
    doc: "A live window that slides has at least three segments: players start that far from its end.",
    on: "media",
    check({ fetch, segments, ended, mediaSequence }, report) {
      if (!ended && mediaSequence > 0 && segments.length < 3)
        report(fetch.url, `${segments.length} segments`);
    },
  },
  {
    id: "window.length",
    clause: "RFC 8216 §6.2.2",
    level: "must",
    doc: "No segment is removed from a live window where less than three target durations would remain.",
    on: "reload",
    check(before, after, report) {
      if (after.ended || after.mediaSequence <= before.mediaSequence) return;
      const least = 3 * (after.targetDuration ?? 0);
      const length = lengthOf(after);
      if (length < least) report(after.fetch.url, `${length.toFixed(3)} s remain, ${least} s are needed`);
    },
  },
  {
    id: "uri.unique",
    clause: "RFC 8216 §3, §6.2.1",
    level: "must",
    doc: "A URI (with its byte range) names one segment only, over the whole life of the playlist.",
    on: "stream",
    check({ reloads }, report) {
      const known = new Map<string, number>();
      for (const { segments } of reloads)
        for (const segment of segments) {
          const range = segment.tags.find((line) => line.tag === "EXT-X-BYTERANGE")?.value ?? "";
          const name = `${segment.url ?? segment.uri} ${range}`;
          const sequence = known.get(name) ?? segment.sequence;
          if (sequence !== segment.sequence)
            report(`"${segment.uri}"`, `names segments ${sequence} and ${segment.sequence}`);
          known.set(name, sequence);
        }
    },
  },
  {
    id: "uri.resolve",
    clause: "RFC 8216 §4.1, RFC 3986 §4.1",
    level: "must",
    doc: "URIs are made of the characters URIs have, and resolve against the playlist's own.",
    on: "text",
    check({ lines, fetch }, report) {
      for (const { kind, text } of lines) {
        if (kind !== "uri") continue;
        const proper = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/.test(text);
        if (!proper || URL.parse(text, fetch.url) === null) report(`"${text}"`, "is no URI");
      }
    },
  },
];
