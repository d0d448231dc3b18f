import type { Report, Violation } from "../hls-linter/model.ts";
import { findingsOf } from "../kit/findings.ts";
import type { BmffRule, ObservedStream, StreamView } from "./model.ts";
import { configRules } from "./rules/config.ts";
import { fragmentRules } from "./rules/fragment.ts";
import { movieRules } from "./rules/movie.ts";
import { sampleRules } from "./rules/samples.ts";
import { scanStream } from "./scan.ts";

/** Every rule there is. */
export const bmffRules: readonly BmffRule[] = [
  ...movieRules,
  ...configRules,
  ...fragmentRules,
  ...sampleRules,
];

/**
 * Checks an initialization segment and the media that go with it by ISO/IEC 14496-12, 14496-15 and 23000-19. Pure.
 * Violations come in the order of the rules; the same one found again is counted, not repeated.
 */
export function lintBmff(observed: ObservedStream): Violation[] {
  const stream = scanStream(observed);
  return bmffRules.flatMap((rule) => findingsOf(rule, (report) => apply(rule, stream, report)));
}

function apply(rule: BmffRule, stream: StreamView, report: Report): void {
  const { init, media, tracks } = stream;
  if (rule.on === "stream") rule.check(stream, report);
  if (init !== undefined) {
    if (rule.on === "file") rule.check(init, report);
    if (rule.on === "init") rule.check(init, report, stream);
    if (rule.on === "track") for (const track of tracks) rule.check(track, report, init);
  }
  for (const one of media) {
    if (rule.on === "file") rule.check(one.file, report);
    if (rule.on === "media") rule.check(one, report, stream);
  }
}
