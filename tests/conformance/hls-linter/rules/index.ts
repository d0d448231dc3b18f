import type { Rule } from "../model.ts";
import { dateTimeRules } from "./date-time.ts";
import { httpRules } from "./http.ts";
import { multivariantRules } from "./multivariant.ts";
import { reloadRules } from "./reload.ts";
import { segmentRules } from "./segment.ts";
import { tagRules } from "./tags.ts";
import { textRules } from "./text.ts";
import { versionRules } from "./version.ts";
import { windowRules } from "./window.ts";

/** Every rule there is. */
export const rules: readonly Rule[] = [
  ...textRules,
  ...tagRules,
  ...versionRules,
  ...windowRules,
  ...reloadRules,
  ...dateTimeRules,
  ...httpRules,
  ...segmentRules,
  ...multivariantRules,
];
