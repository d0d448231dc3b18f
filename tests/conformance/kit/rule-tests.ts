import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { RuleBase, Violation } from "../hls-linter/model.ts";

/** Something done to a presentation that has no fault. */
export type Change<Draft> = (draft: Draft) => void;

/** A rule, something that keeps it though it looks like a breach, and what breaks it. */
export interface RuleCase<Draft> {
  readonly rule: string;
  readonly keeps: Change<Draft>;
  readonly breaks: readonly Change<Draft>[];
  /** Other rules that the breach cannot but break as well. */
  readonly also?: readonly string[];
}

export interface Linter<Draft> {
  /** Of the linter, where its README lies. */
  readonly folder: string;
  readonly rules: readonly RuleBase[];
  readonly cases: readonly RuleCase<Draft>[];
  /** A presentation without fault. */
  readonly draft: () => Draft;
  readonly lint: (draft: Draft) => readonly Violation[];
}

/** Each case finds its breach and nothing else; every rule has a case, and is told in the README. */
export function testRules<Draft>({ folder, rules, cases, draft, lint }: Linter<Draft>): void {
  const lintChanged = (change: Change<Draft>): readonly Violation[] => {
    const changed = draft();
    change(changed);
    return lint(changed);
  };

  for (const { rule, keeps, breaks, also = [] } of cases)
    test(`${rule} is found where it is broken, and only there`, () => {
      assert.deepEqual(lintChanged(keeps), [], "what keeps the rule");
      assert.notEqual(breaks.length, 0);
      for (const [i, change] of breaks.entries()) {
        const found = [...new Set(lintChanged(change).map((one) => one.rule))];
        assert.ok(found.includes(rule), `breach ${i}: not found; but ${found.join(", ") || "nothing"} was`);
        const others = found.filter((id) => id !== rule && !also.includes(id));
        assert.deepEqual(others, [], `breach ${i}: found beside it`);
      }
    });

  test("every rule has its test", () => {
    assert.deepEqual(cases.map((one) => one.rule).sort(), rules.map((rule) => rule.id).sort());
  });

  test("every rule is told in the README with its clause", () => {
    const readme = readFileSync(join(folder, "README.md"), "utf8");
    const table = rules.map(({ id, clause, level, doc }) => `| \`${id}\` | ${level} | ${clause} | ${doc} |`);
    const lines = readme.split("\n").filter((line) => line.startsWith("| `"));
    assert.deepEqual(lines, table);
  });
}
