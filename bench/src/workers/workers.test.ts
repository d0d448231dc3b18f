import assert from "node:assert/strict";
import { test } from "node:test";
import { workersText } from "./suite.ts";
import { summarizeWorkers, type WorkersSample } from "./workers.ts";

function sample(threadSeconds: readonly number[], changes: Partial<WorkersSample> = {}): WorkersSample {
  const cpuSeconds = threadSeconds.reduce((sum, one) => sum + one, 0);
  const seen = { seconds: 10, bytes: 2e9, otherCpuSeconds: 1, sessions: [10], stalls: 0, bad: 0 };
  return { ...seen, cpuSeconds, threadSeconds, ...changes };
}

test("the busiest thread says what two workers could deliver, beside one within the same repeat", () => {
  const samples = new Map([
    [1, [sample([2, 0.1]), sample([4, 0.1])]],
    [2, [sample([1, 1], { stalls: 2 }), sample([2.5, 1.5], { sessions: [7, 3] })]],
  ]);
  const rows = summarizeWorkers(samples);
  const [one, two] = rows;
  assert.deepEqual(one?.capacity, { median: 0.75, least: 0.5, most: 1 });
  assert.deepEqual(one?.ratio, { median: 1, least: 1, most: 1 });
  assert.deepEqual([two?.ratio.median.toFixed(6), two?.ratio.least, two?.ratio.most], ["1.800000", 1.6, 2]);
  assert.deepEqual([two?.stalls, two?.load.toFixed(6), two?.otherLoad], [2, "0.300000", 0.1]);
  assert.match(workersText(rows), /^2 +7 \+ 3 +1\.50 \(1\.00…2\.00\) +17\.5 \+ 12\.5/m);
});
