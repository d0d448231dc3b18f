import assert from "node:assert/strict";
import { test } from "node:test";
import { needs, run } from "../e2e/kit/programs.ts";
import { TestServer } from "../e2e/kit/server.ts";
import { lintHls } from "./hls-linter/observe.ts";

/** The playlist must be good for as long as this, and ffmpeg must read as much media. */
const SECONDS = 60;

test("a minute of live HLS: no breach of RFC 8216, and ffmpeg decodes it without an error", async (t) => {
  if (!needs(t, "ffmpeg")) return;
  const server = await TestServer.start(t, "stream demo { input fake://clock; }");
  const url = server.url("/demo/index.m3u8");
  const decode = [
    "-v",
    "warning",
    "-xerror",
    "-i",
    url,
    "-t",
    String(SECONDS),
    "-f",
    "null",
    "-progress",
    "-",
    "-",
  ];
  const [lint, decoded] = await Promise.all([
    lintHls({ url, seconds: SECONDS }),
    run("ffmpeg", decode, (SECONDS + 60) * 1000),
  ]);
  const breaches = lint.violations.filter((violation) => violation.level === "must");
  assert.deepEqual(breaches, []);
  assert.equal(decoded.status, 0, decoded.stderr);
  assert.equal(decoded.stderr, "", "no warning either");
  const frames = Number(/frame=\s*(\d+)(?![\s\S]*frame=)/.exec(decoded.stdout)?.[1]);
  assert.ok(frames >= SECONDS * 25 - 2, `${frames} frames`);
});
