import type { AnswerView, LowLatencyRule } from "../model.ts";
import { numberOf } from "../scan.ts";

/** Rounding of decimals in the text. */
const EPSILON_S = 1e-6;

const controlOf = ({ control }: AnswerView, name: string): number | undefined => numberOf(control?.get(name));

/** What the head of a playlist says about parts and directives. */
export const headRules: readonly LowLatencyRule[] = [
  {
    id: "head.part-inf",
    clause: "rfc8216bis §4.4.3.7",
    level: "must",
    doc: "A playlist with EXT-X-PART has an EXT-X-PART-INF with PART-TARGET.",
    on: "answer",
    check({ fetch, parents, partTarget }, report) {
      if (parents.some((parent) => parent.parts.length > 0) && !(partTarget !== undefined && partTarget > 0))
        report(fetch.url, "parts without a PART-TARGET");
    },
  },
  {
    id: "head.part-hold-back",
    clause: "rfc8216bis §4.4.3.8",
    level: "must",
    doc: "With EXT-X-PART-INF there is a PART-HOLD-BACK of at least twice PART-TARGET.",
    on: "answer",
    check(answer, report) {
      if (!answer.hasPartInf) return;
      const holdBack = controlOf(answer, "PART-HOLD-BACK");
      if (holdBack === undefined || holdBack < 2 * (answer.partTarget ?? 0) - EPSILON_S)
        report(answer.fetch.url, `PART-HOLD-BACK ${holdBack} with PART-TARGET ${answer.partTarget}`);
    },
  },
  {
    id: "head.part-hold-back-three",
    clause: "rfc8216bis §4.4.3.8",
    level: "should",
    doc: "PART-HOLD-BACK is at least three times PART-TARGET.",
    on: "answer",
    check(answer, report) {
      const holdBack = controlOf(answer, "PART-HOLD-BACK");
      if (holdBack !== undefined && holdBack < 3 * (answer.partTarget ?? 0) - EPSILON_S)
        report(answer.fetch.url, `PART-HOLD-BACK ${holdBack} with PART-TARGET ${answer.partTarget}`);
    },
  },
  {
    id: "head.hold-back",
    clause: "rfc8216bis §4.4.3.8",
    level: "must",
    doc: "HOLD-BACK is at least three target durations.",
    on: "answer",
    check(answer, report) {
      const holdBack = controlOf(answer, "HOLD-BACK");
      if (holdBack !== undefined && holdBack < 3 * (answer.targetDuration ?? 0) - EPSILON_S)
        report(answer.fetch.url, `HOLD-BACK ${holdBack}`);
    },
  },
  {
    id: "head.skip-boundary",
    clause: "rfc8216bis §4.4.3.8",
    level: "must",
    doc: "CAN-SKIP-UNTIL is at least six target durations.",
    on: "answer",
    check(answer, report) {
      const boundary = controlOf(answer, "CAN-SKIP-UNTIL");
      if (boundary !== undefined && boundary < 6 * (answer.targetDuration ?? 0) - EPSILON_S)
        report(answer.fetch.url, `CAN-SKIP-UNTIL ${boundary}`);
    },
  },
  {
    id: "head.skip-date-ranges",
    clause: "rfc8216bis §4.4.3.8",
    level: "must",
    doc: "CAN-SKIP-DATERANGES stands with CAN-SKIP-UNTIL.",
    on: "answer",
    check({ control, fetch }, report) {
      if (control?.has("CAN-SKIP-DATERANGES") === true && !control.has("CAN-SKIP-UNTIL"))
        report(fetch.url, "CAN-SKIP-DATERANGES alone");
    },
  },
  {
    id: "head.block-reload",
    clause: "rfc8216bis appendix B.1",
    level: "should",
    doc: "A playlist with parts has CAN-BLOCK-RELOAD=YES.",
    on: "answer",
    check({ hasPartInf, control, fetch, ended }, report) {
      if (hasPartInf && !ended && control?.get("CAN-BLOCK-RELOAD") !== "YES") report(fetch.url, "has none");
    },
  },
  {
    id: "head.version",
    clause: "rfc8216bis §8",
    level: "must",
    doc: "EXT-X-SKIP takes version 9, one that skips date ranges version 10.",
    on: "answer",
    check({ skip, version, fetch }, report) {
      const least = skip === undefined ? 1 : skip.has("RECENTLY-REMOVED-DATERANGES") ? 10 : 9;
      if (version < least) report(fetch.url, `version ${version}, ${least} is needed`);
    },
  },
  {
    id: "head.stays",
    clause: "rfc8216bis §6.2.1",
    level: "must",
    doc: "EXT-X-SERVER-CONTROL and EXT-X-PART-INF stay as they are.",
    on: "reload",
    check(before, after, report) {
      if (before.partTarget !== after.partTarget || wordsOf(before) !== wordsOf(after))
        report(after.fetch.url, "they changed");
    },
  },
  {
    id: "head.same-everywhere",
    clause: "rfc8216bis §6.2.4",
    level: "must",
    doc: "All playlists of a presentation have the same EXT-X-SERVER-CONTROL.",
    on: "all",
    check({ streams }, report) {
      const [first, ...others] = streams.flatMap((stream) => stream.answers.slice(0, 1));
      for (const other of others)
        if (first !== undefined && wordsOf(first) !== wordsOf(other)) report(other.fetch.url, "differs");
    },
  },
];

/** The server control in an order of its own. */
function wordsOf({ control }: AnswerView): string {
  return [...(control ?? [])]
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join();
}
