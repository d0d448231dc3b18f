import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { needs } from "../e2e/kit/programs.ts";
import { freePort, TestServer, until } from "../e2e/kit/server.ts";
import { Background } from "./kit/background.ts";
import { encodeUnique } from "./kit/coded.ts";
import { openHlsPage } from "./kit/hls-page.ts";
import { watch } from "./kit/viewer.ts";

const CHILD = fileURLToPath(new URL("./kit/rtmp-ffmpeg8-child.ts", import.meta.url));
const FILE_S = 90;
const WAIT_MS = 40_000;
const SECONDS = 8;
/** What FFmpeg says of every initialization segment but the first. */
const KNOWN = /Found duplicated MOOV Atom/;
/** A machine that stands still for a moment is no fault of the stream. */
const HARMLESS: ReadonlySet<string> = new Set(["bufferStalledError", "bufferNudgeOnStall"]);

/** AV1 and AAC, published over RTMP as it is enhanced; undefined, and the test skipped, where something is missing. */
async function startAv1(t: TestContext): Promise<TestServer | undefined> {
  if (!needs(t, "ffmpeg")) return undefined;
  try {
    await import("node-av/lib");
  } catch {
    t.skip("package missing: node-av");
    return undefined;
  }
  const port = await freePort();
  const server = await TestServer.start(
    t,
    `rtmp 127.0.0.1:${port};\nstream cam { publish_enabled; segments 8; }`,
  );
  const file = join(server.folder, "sent.mp4");
  await encodeUnique(file, { seconds: FILE_S, codec: "av1" });
  const url = `rtmp://127.0.0.1:${port}/static/cam`;
  const publisher = Background.start(t, process.execPath, [CHILD, file, url, "flv", String(FILE_S)]);
  await until("a playlist", WAIT_MS, async () => {
    if (!publisher.running) throw new Error(publisher.stderr);
    const response = await fetch(server.url("/cam/index.m3u8"));
    const text = await response.text();
    return response.ok && /CODECS="av01\.[^"]*mp4a/.test(text) ? text : undefined;
  });
  return server;
}

test("AV1 in HLS: hls.js in Chromium plays it, and FFmpeg reads it without a complaint", async (t) => {
  const server = await startAv1(t);
  if (server === undefined) return;
  // Left to itself, the container is one that has a place for AV1.
  for (const path of ["index.m3u8", "index.ll.m3u8"]) {
    const page = await openHlsPage(t, server.url(`/cam/${path}`), { lowLatencyMode: true });
    if (page === undefined) break;
    const shown = await page.played(SECONDS, { timeoutMs: WAIT_MS });
    assert.equal(shown.width, 320, path);
    assert.ok(shown.frames > SECONDS * 15, `${path}: ${shown.frames} pictures`);
    assert.ok(shown.audioBytes > 0, path);
    assert.equal(shown.stretches, 1, path);
    const errors = shown.errors.filter(({ details }) => !HARMLESS.has(details));
    assert.deepEqual(errors, [], path);
    await page.page.close();
  }
  const seen = await watch(server.url("/cam/index.m3u8"), { seconds: 4, measure: false, timeoutMs: WAIT_MS });
  assert.deepEqual(seen.codecs, ["av1", "aac"]);
  assert.deepEqual(
    seen.complaints.filter((line) => !KNOWN.test(line)),
    [],
  );
  assert.ok(seen.video.length > 4 * 15, `${seen.video.length} pictures`);
});
