import assert from "node:assert/strict";
import { test } from "node:test";
import { addProfile, type CpuProfile, heaviest, newFrame } from "./cpu-profile.ts";
import { flameSvg } from "./flame.ts";

const call = (functionName: string, url = "", lineNumber = 0) => ({ functionName, url, lineNumber });
/** main → work → copy <T>, and idle; samples of 1 ms, the first of them long before the rest. */
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: call("(root)"), children: [2, 3] },
    { id: 2, callFrame: call("work", "file:///repo/engine/src/a.ts", 9), children: [4] },
    { id: 3, callFrame: call("(idle)") },
    { id: 4, callFrame: call("copy <T>", "node:net", 4) },
  ],
  startTime: 0,
  samples: [2, 2, 4, 4, 3, 4],
  timeDeltas: [1000, 1000, 1000, 1000, 5000, -5],
};

test("time is summed by function, without what was idle and the beginning", () => {
  const top = newFrame("all");
  addProfile(top, profile, { root: "/repo", skipUs: 1000 });
  addProfile(top, profile, { root: "/repo", skipUs: 1000 });
  assert.equal(top.totalUs, 6000);
  const work = top.children.get("work engine/src/a.ts:10");
  assert.deepEqual([work?.selfUs, work?.totalUs, work?.children.size], [2000, 6000, 1]);
  assert.deepEqual(heaviest(top, 30), [
    { name: "copy <T>", place: "node:net:5", selfUs: 4000, share: 2 / 3 },
    { name: "work", place: "engine/src/a.ts:10", selfUs: 2000, share: 1 / 3 },
  ]);
  assert.equal(heaviest(top, 1).length, 1);
});

test("the flame graph stands by itself, with names and numbers in titles", () => {
  const top = newFrame("all");
  addProfile(top, profile, { root: "/repo", skipUs: 0 });
  const svg = flameSvg(top, "HTTP & more");
  assert.match(svg, /^<svg xmlns=/);
  assert.match(svg, />HTTP &amp; more</);
  assert.match(svg, /<title>copy &lt;T&gt;\nnode:net:5\n50\.0 % with what it calls, 50\.0 % itself<\/title>/);
  assert.equal(svg.match(/<g>/g)?.length, svg.match(/<\/g>/g)?.length);
  assert.doesNotMatch(svg, /NaN|href|<script/);
  assert.match(flameSvg(newFrame("nothing"), "empty"), /<\/svg>\n$/);
});
