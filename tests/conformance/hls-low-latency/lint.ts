import type { Fetch, Report, Violation } from "../hls-linter/model.ts";
import { findingsOf } from "../kit/findings.ts";
import type { LowLatencyObservation, LowLatencyRule, LowLatencyView } from "./model.ts";
import { edgeRules } from "./rules/edge.ts";
import { headRules } from "./rules/head.ts";
import { partRules } from "./rules/parts.ts";
import { reloadRules } from "./rules/reload.ts";
import { scanAnswer } from "./scan.ts";

/** Every rule there is. */
export const lowLatencyRules: readonly LowLatencyRule[] = [
  ...headRules,
  ...partRules,
  ...edgeRules,
  ...reloadRules,
];

/**
 * Checks Low-Latency HLS by rfc8216bis. Pure: it sees only what was fetched, and when. Violations come in the order of the
 * rules; the same one found again is counted, not repeated. What RFC 8216 asks for is the other linter's.
 */
export function lintLowLatency(observation: LowLatencyObservation): Violation[] {
  const view = viewOf(observation);
  return lowLatencyRules.flatMap((rule) => findingsOf(rule, (report) => apply(rule, view, report)));
}

function apply(rule: LowLatencyRule, view: LowLatencyView, report: Report): void {
  if (rule.on === "all") rule.check(view, report);
  for (const stream of view.streams) {
    if (rule.on === "stream") rule.check(stream, report);
    for (const [i, answer] of stream.answers.entries()) {
      const before = stream.answers[i - 1];
      if (rule.on === "answer") rule.check(answer, report);
      if (rule.on === "reload" && before !== undefined) rule.check(before, answer, report);
    }
  }
}

function viewOf({ streams, parts }: LowLatencyObservation): LowLatencyView {
  const partFetches = new Map<string, Fetch[]>();
  for (const fetch of parts) partFetches.set(fetch.url, [...(partFetches.get(fetch.url) ?? []), fetch]);
  return {
    streams: streams.map(({ url, answers }) => ({
      url,
      fetches: answers,
      answers: answers.filter((fetch) => fetch.status === 200).map(scanAnswer),
    })),
    partFetches,
  };
}
