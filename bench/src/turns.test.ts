import assert from "node:assert/strict";
import { test } from "node:test";
import { inTurns } from "./turns.ts";

test("those measured take turns, and each has its samples in order", async () => {
  const said: string[] = [];
  const told: object[] = [];
  let count = 0;
  const samples = await inTurns(
    {
      names: ["a", "b"],
      repeats: 2,
      what: (name) => `${name === "a" ? 3 : 4} readers`,
      progress: (text) => said.push(text),
      onSample: (sample) => told.push(sample),
    },
    async (name) => `${name}${count++}`,
  );
  assert.deepEqual(
    [...samples],
    [
      ["a", ["a0", "a2"]],
      ["b", ["b1", "b3"]],
    ],
  );
  assert.deepEqual(told[1], { what: "4 readers", name: "b", repeat: 1, sample: "b1" });
  assert.deepEqual(said, [
    "3 readers, a, 1 of 2",
    "4 readers, b, 1 of 2",
    "3 readers, a, 2 of 2",
    "4 readers, b, 2 of 2",
  ]);
});

test("without repeats there is nobody's sample", async () => {
  const none = await inTurns({ names: ["a"], repeats: 0, what: () => "" }, () =>
    Promise.reject(new Error("asked")),
  );
  assert.deepEqual([...none], [["a", []]]);
});
