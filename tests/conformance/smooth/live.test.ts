import assert from "node:assert/strict";
import { test } from "node:test";
import { TestServer } from "../../e2e/kit/server.ts";
import { lintSmooth } from "./lint.ts";
import { observeSmooth } from "./observe.ts";

const SECONDS = 20;
/** A fragment is fetched so much later than it was listed: it may have left the manifest meanwhile. */
const LATE_MS = 3000;

test("live Smooth Streaming, in two workers: no breach of MS-SSTR, and fragments stay for those who are late", async (t) => {
  const server = await TestServer.start(t, "stream demo { input fake://clock; segment_duration 1; }");
  const observation = await observeSmooth(server.url("/demo.isml/Manifest"), {
    seconds: SECONDS,
    everyMs: 700,
    lateMs: LATE_MS,
  });
  assert.deepEqual(lintSmooth(observation), []);
  const { manifests, fragments } = observation;
  assert.ok(manifests.length > SECONDS / 2, `${manifests.length} manifests`);
  for (const name of ["video", "audio"]) {
    const own = fragments.filter(({ stream }) => stream === name);
    assert.ok(own.length > SECONDS / 2, `${own.length} fragments of ${name}`);
  }
});
