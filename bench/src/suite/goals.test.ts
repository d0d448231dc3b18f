import assert from "node:assert/strict";
import { test } from "node:test";
import { spreadOf } from "../srt/srt.ts";
import { type Finding, GOALS, type Goal, judgeGoals } from "./goals.ts";
import { figure, goalCells, goalsText } from "./goals-text.ts";
import { suites } from "./suites.ts";

const ratio: Goal = {
  id: "r",
  title: "A ratio",
  suite: "one",
  of: "ratio",
  bound: 1.5,
  atMost: true,
  unit: "×",
};
const rate: Goal = {
  ...ratio,
  id: "m",
  title: "A rate",
  of: "measured",
  bound: 4,
  atMost: false,
  unit: "Gbit/s",
};

function finding(changes: Partial<Finding>): Finding {
  return { goal: "r", where: "50 readers", measured: spreadOf([2]), unit: "CPU-s/GB", ...changes };
}

test("the median decides, upwards or downwards, and each measurement has its row", () => {
  const rows = judgeGoals(
    [
      finding({ ratio: spreadOf([1, 1.5, 9]) }),
      finding({ where: "200 readers", ratio: spreadOf([1.6]) }),
      finding({ where: "nginx", ratio: spreadOf([0.7]), beside: true }),
      finding({ goal: "m", measured: spreadOf([3.9, 4.1, 4]), unit: "Gbit/s" }),
      finding({ goal: "m", measured: spreadOf([3.9]), unit: "Gbit/s" }),
    ],
    new Map(),
    [ratio, rate],
  );
  assert.deepEqual(
    rows.map((row) => row.verdict),
    ["held", "missed", "beside", "held", "missed"],
  );
  assert.deepEqual(goalCells(rows[0] as (typeof rows)[0]), [
    "A ratio",
    "50 readers",
    "2.00 CPU-s/GB",
    "1.50 (1.00…9.00)",
    "≤ 1.5 ×",
    "held",
  ]);
  assert.match(goalsText(rows), /\n2 held, 2 missed, 0 not measured$/);
});

test("what was not measured says why, and those beside it still have their rows", () => {
  const without = finding({ ratio: spreadOf([]) });
  const beside = finding({ where: "ffmpeg", ratio: spreadOf([2]), beside: true });
  const [row, other] = judgeGoals([without, beside], new Map([["one", "nginx is not installed"]]), [ratio]);
  assert.equal(row?.verdict, "not measured");
  assert.match(goalsText([row as NonNullable<typeof row>]), /not measured: nginx is not installed/);
  assert.equal(other?.where, "50 readers");
  const nothing = judgeGoals([], new Map(), [rate]);
  assert.deepEqual(
    nothing.map((it) => it.reason),
    ["nothing was measured"],
  );
});

test("figures keep three digits, and say nothing of a spread where there is none", () => {
  const cases: readonly (readonly [readonly number[], string])[] = [
    [[], "-"],
    [[0.123], "0.12"],
    [[12.34, 13, 14], "13.0 (12.3…14.0)"],
    [[123.4], "123"],
    [[1, 1], "1.00"],
  ];
  for (const [values, text] of cases) assert.equal(figure(spreadOf(values)), text);
  // As it comes back from JSON.
  assert.equal(figure(JSON.parse(JSON.stringify(spreadOf([])))), "-");
});

test("each goal has a suite that is there", () => {
  for (const goal of GOALS)
    assert.ok(
      suites.some((suite) => suite.name === goal.suite),
      goal.id,
    );
  assert.equal(new Set(GOALS.map((goal) => goal.id)).size, GOALS.length);
});
