import type { Violation } from "../hls-linter/model.ts";
import { findingsOf } from "../kit/findings.ts";
import type { SmoothManifestView, SmoothObservation } from "./model.ts";
import { smoothRules } from "./rules.ts";
import { scanManifest } from "./scan.ts";

/**
 * Checks what was seen of a presentation by MS-SSTR. Pure: it sees only what was fetched. An answer that is no manifest is a
 * violation of `manifest.root`.
 */
export function lintSmooth({ manifests, fragments }: SmoothObservation): Violation[] {
  const scanned = manifests.map(scanManifest);
  const versions = scanned.filter((view): view is SmoothManifestView => view !== undefined);
  return smoothRules.flatMap((rule) =>
    findingsOf(rule, (report) => {
      if (rule.id === "manifest.root" && versions.length < manifests.length)
        report(manifests[0]?.url ?? "", "is no manifest");
      for (const [i, manifest] of versions.entries()) {
        const before = versions[i - 1];
        if (rule.on === "manifest") rule.check(manifest, report);
        if (rule.on === "update" && before !== undefined) rule.check(before, manifest, report);
      }
      if (rule.on === "fragment") for (const fragment of fragments) rule.check(fragment, report);
    }),
  );
}
