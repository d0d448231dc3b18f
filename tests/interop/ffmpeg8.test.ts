import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { needs, run } from "../e2e/kit/programs.ts";
import { TestServer } from "../e2e/kit/server.ts";
import { Background } from "./kit/background.ts";
import { type Coding, encodeFile, FPS } from "./kit/encoder.ts";
import { complaintsIn, unevenSteps, watch } from "./kit/viewer.ts";

const SECONDS = 4;
const CHILD = fileURLToPath(new URL("./kit/ffmpeg8-child.ts", import.meta.url));

const CASES: readonly { coding: Coding; audioFps: number }[] = [
  { coding: { video: "h264", audio: "aac" }, audioFps: 48_000 / 1024 },
  { coding: { video: "hevc", audio: "ac3" }, audioFps: 48_000 / 1536 },
  { coding: { video: "mpeg2video", audio: "mp2" }, audioFps: 48_000 / 1152 },
];

async function isThere(t: TestContext): Promise<boolean> {
  if (!needs(t, "ffmpeg")) return false;
  try {
    await import("node-av/lib");
    return true;
  } catch {
    t.skip("package missing: node-av");
    return false;
  }
}

/** FFmpeg 8 plays: decoders by name, what each decoded and what it failed to. */
async function play(url: string): Promise<{ name: string; decoded: number; failed: number }[]> {
  const { status, stdout, stderr } = await run(
    process.execPath,
    [CHILD, "play", url, String(SECONDS)],
    14_000,
  );
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stderr, /error|corrupt|invalid|missing/i);
  return JSON.parse(stdout) as { name: string; decoded: number; failed: number }[];
}

async function publishAndPlay(t: TestContext, { coding, audioFps }: (typeof CASES)[number]): Promise<void> {
  if (!(await isThere(t))) return;
  const server = await TestServer.start(t, "stream one { publish_enabled; segment_duration 1; }");
  const file = join(server.folder, "file.mpegts");
  await encodeFile(file, coding, 20);
  const url = server.url("/one/mpegts");
  const publisher = Background.start(t, process.execPath, [CHILD, "publish", file, url]);
  await server.waitFor("input on air", 8000).catch((error: Error) => {
    throw new Error(`${error.message}: ${publisher.stderr}`);
  });
  const [ts, hls, old] = await Promise.all([
    play(url),
    play(server.url("/one/index.m3u8")),
    watch(url, { seconds: SECONDS }),
  ]);
  for (const [i, decoders] of [ts, hls].entries()) {
    const way = i === 0 ? "HTTP-TS" : "HLS";
    for (const [k, { name, decoded, failed }] of decoders.entries()) {
      const expected = SECONDS * (k === 0 ? FPS : audioFps);
      assert.equal(failed, 0, `${way}: ${name}`);
      assert.ok(Math.abs(decoded - expected) < 12, `${way}: ${name} decoded ${decoded} of ${expected}`);
    }
    assert.equal(decoders.length, 2, way);
  }
  // The older FFmpeg agrees.
  assert.deepEqual(old.codecs, [coding.video, coding.audio]);
  assert.deepEqual(old.complaints, []);
  assert.deepEqual(unevenSteps(old.video, 1 / FPS), []);
  assert.ok(publisher.running, publisher.stderr);
  assert.deepEqual(complaintsIn(publisher.stderr), []);
}

describe("FFmpeg 8 publishes over HTTP and plays HTTP-TS and HLS", { concurrency: 2 }, () => {
  for (const each of CASES) {
    test(`${each.coding.video} and ${each.coding.audio}`, (t) => publishAndPlay(t, each));
  }
});
