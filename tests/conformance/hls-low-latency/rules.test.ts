import { testRules } from "../kit/rule-tests.ts";
import { lintLowLatency, lowLatencyRules } from "./lint.ts";
import { cases } from "./testing/cases.ts";
import { draft, observe } from "./testing/presentation.ts";

testRules({
  folder: import.meta.dirname,
  rules: lowLatencyRules,
  cases,
  draft,
  lint: (changed) => lintLowLatency(observe(changed)),
});
