import { testRules } from "../kit/rule-tests.ts";
import { dashRules, lintMpd } from "./lint.ts";
import { cases } from "./testing/cases.ts";
import { draft, observe } from "./testing/presentation.ts";

testRules({
  folder: import.meta.dirname,
  rules: dashRules,
  cases,
  draft,
  lint: (changed) => lintMpd(observe(changed)),
});
