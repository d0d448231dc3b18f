import type { LowLatencyRule, ParentView, PartView } from "../model.ts";
import { lengthOf } from "../scan.ts";

const EPSILON_S = 1e-6;
/** Durations are rounded; a millisecond a part is more than that makes. */
const ROUNDING_S = 0.001;

const isOk = (status: number): boolean => status === 200 || status === 206;

/** Tags of a segment that apply to its first part as well. */
const BEFORE_PARTS = ["EXT-X-DISCONTINUITY", "EXT-X-KEY", "EXT-X-MAP", "EXT-X-PROGRAM-DATE-TIME"];

/** EXT-X-PART itself. */
export const partRules: readonly LowLatencyRule[] = [
  {
    id: "part.attributes",
    clause: "rfc8216bis §4.4.4.9, §4.2",
    level: "must",
    doc: "EXT-X-PART has URI and DURATION, and attributes of their types.",
    on: "answer",
    check({ parents }, report) {
      for (const part of parents.flatMap((parent) => parent.parts)) {
        const { attributes, rubbish, duration, uri } = part;
        const words = ["INDEPENDENT", "GAP"].map((name) => attributes.get(name) ?? "YES");
        const range = attributes.get("BYTERANGE") ?? "1";
        if (uri === "" || duration === undefined || rubbish !== "" || words.some((one) => one !== "YES"))
          report(`line ${part.line}`, "is not as it should be");
        else if (!/^\d+(?:@\d+)?$/.test(range)) report(`line ${part.line}`, `BYTERANGE "${range}"`);
      }
    },
  },
  {
    id: "part.target",
    clause: "rfc8216bis §4.4.4.9",
    level: "must",
    doc: "No part is longer than PART-TARGET.",
    on: "answer",
    check({ parents, partTarget = Number.POSITIVE_INFINITY }, report) {
      for (const { uri, duration = 0 } of parents.flatMap((parent) => parent.parts))
        if (duration > partTarget + EPSILON_S) report(`"${uri}"`, `${duration} s`);
    },
  },
  {
    id: "part.short",
    clause: "rfc8216bis §4.4.4.9",
    level: "must",
    doc: "A part lasts 85 % of PART-TARGET at least, unless it is independent, a gap, before a gap, or the last of its segment.",
    on: "answer",
    check({ parents, partTarget = 0 }, report) {
      for (const parent of parents)
        for (const [i, part] of parent.parts.entries()) {
          const next = parent.parts[i + 1];
          // The last part of a segment that is not complete may turn out to be its final one.
          const excused = part.independent || part.gap || next === undefined || next.gap;
          if (!excused && (part.duration ?? 0) < 0.85 * partTarget - EPSILON_S)
            report(`"${part.uri}"`, `${part.duration} s`);
        }
    },
  },
  {
    id: "part.sum",
    clause: "rfc8216bis §3.2",
    level: "must",
    doc: "The parts of a segment last as long as the segment.",
    on: "answer",
    check({ parents }, report) {
      for (const parent of parents) {
        if (!parent.complete || parent.parts.length === 0) continue;
        const sum = lengthOf({ ...parent, complete: false });
        if (Math.abs(sum - (parent.duration ?? 0)) > ROUNDING_S * (parent.parts.length + 1))
          report(`"${parent.uri}"`, `its parts last ${sum.toFixed(3)} s, EXTINF says ${parent.duration}`);
      }
    },
  },
  {
    id: "part.independent",
    clause: "rfc8216bis §4.4.4.9, §4.4.2.1",
    level: "should",
    doc: "With EXT-X-INDEPENDENT-SEGMENTS the first part of each segment is INDEPENDENT.",
    on: "answer",
    check({ parents, independentSegments }, report) {
      if (!independentSegments) return;
      for (const { parts, uri } of parents)
        if (parts[0] !== undefined && !parts[0].independent && !parts[0].gap)
          report(`"${parts[0].uri}"`, `begins "${uri}"`);
    },
  },
  {
    id: "part.tags-before",
    clause: "rfc8216bis §4.4.4.9",
    level: "must",
    doc: "EXT-X-DISCONTINUITY, EXT-X-KEY, EXT-X-MAP and EXT-X-PROGRAM-DATE-TIME stand before the first part of their segment.",
    on: "answer",
    check({ parents }, report) {
      for (const { tags, sequence } of parents) {
        const first = tags.indexOf("EXT-X-PART");
        const late = first < 0 ? undefined : tags.slice(first).find((tag) => BEFORE_PARTS.includes(tag));
        if (late !== undefined) report(`segment ${sequence}`, `${late} behind a part`);
      }
    },
  },
  {
    id: "part.range",
    clause: "rfc8216bis §4.4.4.9",
    level: "must",
    doc: "A BYTERANGE without an offset goes on from a part before it, of the same segment and resource.",
    on: "answer",
    check({ parents }, report) {
      for (const { parts } of parents)
        for (const [i, part] of parts.entries())
          if (!hasBeginning(part, parts[i - 1])) report(`"${part.uri}"`, "begins nowhere");
    },
  },
  {
    id: "part.old",
    clause: "rfc8216bis §6.2.2",
    level: "should",
    doc: "Parts that end more than three target durations before the end are gone.",
    on: "answer",
    check({ parents, targetDuration = 0, ended }, report) {
      let behind = 0;
      for (const parent of parents.toReversed()) {
        if (!ended && behind > 3 * targetDuration + EPSILON_S && parent.parts.length > 0)
          report(`"${parent.uri}"`, `still has parts, ${behind.toFixed(3)} s before the end`);
        behind += lengthOf(parent);
      }
    },
  },
  {
    id: "part.stays",
    clause: "rfc8216bis §6.2.1",
    level: "must",
    doc: "A part that was listed keeps its place, its URI and its duration.",
    on: "reload",
    check(before, after, report) {
      for (const parent of before.parents) {
        const again = after.parents.find((one) => one.sequence === parent.sequence);
        if (again === undefined || again.parts.length === 0) continue;
        for (const [i, part] of parent.parts.entries()) {
          const now = again.parts[i];
          if (now === undefined || now.uri !== part.uri || now.duration !== part.duration)
            report(`"${part.uri}"`, `part ${i} of segment ${parent.sequence} is "${now?.uri ?? ""}" now`);
        }
      }
    },
  },
  {
    id: "part.available",
    clause: "rfc8216bis §6.2.1",
    level: "must",
    doc: "A part that is listed, and is no gap, can be fetched.",
    on: "all",
    check({ streams, partFetches }, report) {
      const listed = streams.flatMap((stream) =>
        stream.answers.flatMap((answer) =>
          answer.parents.flatMap((parent: ParentView) =>
            parent.parts.map((part) => ({ part, doneMs: answer.fetch.doneMs })),
          ),
        ),
      );
      for (const { part, doneMs } of listed) {
        const fetches = part.gap ? [] : (partFetches.get(part.url ?? "") ?? []);
        const failed = fetches.find((fetch) => fetch.sentMs >= doneMs && !isOk(fetch.status));
        if (failed !== undefined) report(`"${part.uri}"`, `answered with ${failed.status}`);
      }
    },
  },
];

function hasBeginning(part: PartView, before: PartView | undefined): boolean {
  const range = part.attributes.get("BYTERANGE");
  if (range === undefined || range.includes("@")) return true;
  return before?.uri === part.uri && before.attributes.has("BYTERANGE");
}
