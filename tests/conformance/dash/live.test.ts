import assert from "node:assert/strict";
import { test } from "node:test";
import { needs, run } from "../../e2e/kit/programs.ts";
import { TestServer } from "../../e2e/kit/server.ts";
import { lintDash } from "./observe.ts";

/** The MPD must be good for as long as this, and ffmpeg must read as much media. */
const SECONDS = 60;

test("a minute of live DASH: no breach of ISO/IEC 23009-1, and ffmpeg decodes it without an error", async (t) => {
  if (!needs(t, "ffmpeg")) return;
  const server = await TestServer.start(t, "stream demo { input fake://clock; }");
  const url = (query: string): string => server.url(`/demo/${query}`);
  const decode = ["-v", "warning", "-xerror", "-i", url("index.mpd"), "-t", String(SECONDS)];
  const [plain, counted, lowLatency, decoded] = await Promise.all([
    lintDash(url("index.mpd"), SECONDS),
    lintDash(url("index.mpd?template=number"), SECONDS),
    lintDash(url("index.ll.mpd"), SECONDS),
    run("ffmpeg", [...decode, "-f", "null", "-progress", "-", "-"], (SECONDS + 60) * 1000),
  ]);
  for (const { violations, fetches } of [plain, counted, lowLatency]) {
    assert.ok(fetches.length > SECONDS && fetches.every(({ status }) => status === 200));
    assert.deepEqual(violations, []);
  }
  assert.equal(decoded.status, 0, decoded.stderr);
  assert.equal(decoded.stderr, "", "no warning either");
  const frames = Number(/frame=\s*(\d+)(?![\s\S]*frame=)/.exec(decoded.stdout)?.[1]);
  assert.ok(frames >= SECONDS * 25 - 2, `${frames} frames`);
});
