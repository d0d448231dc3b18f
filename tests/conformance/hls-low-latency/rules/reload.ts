import type { AnswerView, LowLatencyRule } from "../model.ts";
import { askedOf, edgeOf, lengthOf, numberOf } from "../scan.ts";

/** What answers a request with delivery directives. */
export const reloadRules: readonly LowLatencyRule[] = [
  {
    id: "reload.blocking",
    clause: "rfc8216bis §6.2.5.2",
    level: "must",
    doc: "An answer to _HLS_msn and _HLS_part has that segment or part, or later ones.",
    on: "answer",
    check(answer, report) {
      const { asked, fetch, ended, control } = answer;
      const { msn, part } = asked;
      if (msn === undefined || ended || control?.get("CAN-BLOCK-RELOAD") !== "YES") return;
      const edge = edgeOf(answer);
      const has =
        part === undefined
          ? msn < edge.sequence || (msn === edge.sequence && edge.complete)
          : msn < edge.sequence || (msn === edge.sequence && (part < edge.parts || edge.complete));
      if (!has) report(fetch.url, `it ends with ${edge.parts} parts of segment ${edge.sequence}`);
    },
  },
  {
    id: "reload.part-alone",
    clause: "rfc8216bis §6.2.5.2",
    level: "must",
    doc: "_HLS_part without _HLS_msn is answered with 400.",
    on: "stream",
    check({ fetches }, report) {
      for (const fetch of fetches) {
        const query = URL.parse(fetch.url)?.searchParams;
        if (query?.has("_HLS_part") === true && !query.has("_HLS_msn") && fetch.status !== 400)
          report(fetch.url, `answered with ${fetch.status}`);
      }
    },
  },
  {
    id: "reload.too-far",
    clause: "rfc8216bis §6.2.5.2",
    level: "should",
    doc: "A request for what is more than two segments ahead is answered with 400, at once.",
    on: "stream",
    check({ fetches, answers }, report) {
      for (const fetch of fetches) {
        const { msn } = askedOf(fetch.url);
        const before = answers.findLast((answer) => answer.fetch.doneMs <= fetch.sentMs);
        if (msn === undefined || before === undefined || before.ended) continue;
        const last = before.parents.findLast((parent) => parent.complete)?.sequence ?? -1;
        // While it was asked for, a segment may have been completed.
        const passed = Math.ceil((fetch.sentMs - before.fetch.doneMs) / 1000 / (before.targetDuration ?? 1));
        if (msn > last + 2 + passed && fetch.status !== 400)
          report(fetch.url, `answered with ${fetch.status}`);
      }
    },
  },
  {
    id: "reload.too-long",
    clause: "rfc8216bis §6.2.5.2",
    level: "should",
    doc: "No request is held back longer than three target durations.",
    on: "stream",
    check({ fetches, answers }, report) {
      const longestMs = 3000 * (answers[0]?.targetDuration ?? Number.POSITIVE_INFINITY);
      for (const fetch of fetches)
        if (fetch.doneMs - fetch.sentMs > longestMs) report(fetch.url, `${fetch.doneMs - fetch.sentMs} ms`);
    },
  },
  {
    id: "reload.part-late",
    clause: "rfc8216bis §6.2.1",
    level: "must",
    doc: "A new part comes within the Part Target Duration; none after twice of it is a breach that can be seen.",
    on: "reload",
    check(before, after, report) {
      const [old, now] = [edgeOf(before), edgeOf(after)];
      const isSame =
        old.sequence === now.sequence && old.parts === now.parts && old.complete === now.complete;
      const elapsedMs = after.fetch.doneMs - before.fetch.doneMs;
      if (isSame && !after.ended && after.partTarget !== undefined && elapsedMs > 2000 * after.partTarget)
        report(after.fetch.url, `nothing new in ${elapsedMs} ms`);
    },
  },
  {
    id: "reload.segments-stay",
    clause: "rfc8216bis §6.2.1, §6.2.5.1",
    level: "must",
    doc: "A Media Sequence Number names the same segment in every answer, delta updates included.",
    on: "stream",
    check({ answers }, report) {
      const known = new Map<number, string>();
      for (const { parents } of answers)
        for (const { sequence, uri, complete } of parents) {
          if (!complete) continue;
          const before = known.get(sequence) ?? uri;
          if (before !== uri) report(`"${uri}"`, `number ${sequence} was "${before}"`);
          known.set(sequence, uri);
        }
    },
  },
  {
    id: "delta.asked",
    clause: "rfc8216bis §6.2.5.1",
    level: "must",
    doc: "Only an answer to _HLS_skip has EXT-X-SKIP, and only that to v2 leaves out date ranges.",
    on: "answer",
    check({ asked, skip, fetch }, report) {
      if (skip === undefined) return;
      if (asked.skip !== "YES" && asked.skip !== "v2")
        report(fetch.url, "a delta update that nobody asked for");
      else if (skip.has("RECENTLY-REMOVED-DATERANGES") !== (asked.skip === "v2"))
        report(fetch.url, `date ranges, though _HLS_skip was ${asked.skip}`);
    },
  },
  {
    id: "delta.given",
    clause: "rfc8216bis §6.2.5.1",
    level: "must",
    doc: "An answer to _HLS_skip leaves out what is further from the end than the Skip Boundary, and no more than that.",
    on: "answer",
    check({ asked, control, skip, parents, fetch, ended, targetDuration = 0 }, report) {
      const boundary = numberOf(control?.get("CAN-SKIP-UNTIL"));
      if (boundary === undefined || ended || (asked.skip !== "YES" && asked.skip !== "v2")) return;
      const left = parents.filter((parent) => parent.complete).reduce((sum, one) => sum + lengthOf(one), 0);
      // Whether a segment across the boundary is beyond it is not said: a segment more or less is right.
      if (skip !== undefined && left + targetDuration < boundary)
        report(fetch.url, `${left.toFixed(3)} s are left, the boundary is ${boundary} s`);
      if (left > boundary + 2 * targetDuration)
        report(fetch.url, `${left.toFixed(3)} s are left though the boundary is ${boundary} s`);
    },
  },
  {
    id: "delta.date-ranges",
    clause: "rfc8216bis §6.2.5.1",
    level: "must",
    doc: "An answer to v2 leaves out date ranges that were listed before and names none as removed that is listed, one to YES leaves out none.",
    on: "stream",
    check({ answers }, report) {
      const known = new Set<string>();
      for (const answer of answers) {
        const { asked, skip, dateRanges, fetch } = answer;
        const listed =
          skip === undefined ? [] : (answers.find((other) => isWhole(other, answer))?.dateRanges ?? []);
        const removed = skip?.get("RECENTLY-REMOVED-DATERANGES")?.split("\t") ?? [];
        for (const id of listed) {
          const isSkipped = asked.skip === "v2" && known.has(id);
          if (!dateRanges.includes(id) && !isSkipped) report(fetch.url, `"${id}" is left out`);
          if (removed.includes(id)) report(fetch.url, `"${id}" is said to be removed`);
        }
        for (const id of dateRanges) known.add(id);
      }
    },
  },
  {
    id: "delta.ended",
    clause: "rfc8216bis §6.2.5.1",
    level: "must",
    doc: "A playlist that has ended, or that offers no delta updates, skips nothing.",
    on: "answer",
    check({ skip, ended, control, fetch }, report) {
      if (skip !== undefined && (ended || control?.has("CAN-SKIP-UNTIL") !== true))
        report(fetch.url, "it skips");
    },
  },
];

/** Whether it is the same version of the playlist with nothing left out. */
function isWhole(other: AnswerView, answer: AnswerView): boolean {
  const [a, b] = [edgeOf(other), edgeOf(answer)];
  const isSame = a.sequence === b.sequence && a.parts === b.parts && a.complete === b.complete;
  return isSame && other.skip === undefined;
}
