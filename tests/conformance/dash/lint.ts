import type { Fetch, Report, Violation } from "../hls-linter/model.ts";
import { findingsOf } from "../kit/findings.ts";
import type { DashRule, MpdView } from "./model.ts";
import { mpdRules } from "./rules/mpd.ts";
import { representationRules } from "./rules/representation.ts";
import { updateRules } from "./rules/update.ts";
import { scanMpd } from "./scan.ts";

/** Every rule there is. */
export const dashRules: readonly DashRule[] = [...mpdRules, ...representationRules, ...updateRules];

/**
 * Checks the versions of one MPD, in order of time, by ISO/IEC 23009-1 and the guidelines of DASH-IF. Pure: it sees only
 * what was fetched. Violations come in the order of the rules; the same one found again is counted, not repeated. An answer
 * that is no MPD is a violation of `mpd.root`.
 */
export function lintMpd(fetches: readonly Fetch[]): Violation[] {
  const versions: MpdView[] = [];
  const broken: Fetch[] = [];
  for (const fetch of fetches.filter((one) => one.status === 200)) {
    const view = scanMpd(fetch);
    if (view === undefined) broken.push(fetch);
    else versions.push(view);
  }
  return dashRules.flatMap((rule) =>
    findingsOf(rule, (report) => {
      if (rule.id === "mpd.root") for (const fetch of broken) report(fetch.url, "is no MPD");
      apply(rule, versions, report);
    }),
  );
}

function apply(rule: DashRule, versions: readonly MpdView[], report: Report): void {
  for (const [i, mpd] of versions.entries()) {
    const before = versions[i - 1];
    if (rule.on === "mpd") rule.check(mpd, report);
    if (rule.on === "update" && before !== undefined) rule.check(before, mpd, report);
    if (rule.on === "representation")
      for (const representation of mpd.representations) rule.check(representation, report, mpd);
  }
}
