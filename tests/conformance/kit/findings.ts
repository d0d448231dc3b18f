import type { Report, RuleBase, Violation } from "../hls-linter/model.ts";

/** What `check` reports of one rule; the same found again is counted, not repeated. */
export function findingsOf(rule: RuleBase, check: (report: Report) => void): Violation[] {
  const found = new Map<string, Violation>();
  check((where, message) => {
    const times = (found.get(`${where} ${message}`)?.times ?? 0) + 1;
    const { id, clause, level } = rule;
    found.set(`${where} ${message}`, { rule: id, clause, level, where, message, times });
  });
  return [...found.values()];
}
