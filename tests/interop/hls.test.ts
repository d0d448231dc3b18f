import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { needs, run } from "../e2e/kit/programs.ts";
import { TestServer, until } from "../e2e/kit/server.ts";
import { Background } from "./kit/background.ts";
import { openHlsPage } from "./kit/hls-page.ts";

const SECONDS = 20;
/** GStreamer stops to fill its buffer, further than a live playlist reaches, where a busy machine has once emptied it. */
const GST_SECONDS = 8;
/** What a player of low-latency HLS may be behind. */
const LOW_LATENCY_MS = 2000;
/**
 * The player catches up by playing faster where a busy machine has held it up; by default it stays where it is. It asks for
 * a second of delay where the server would do with less.
 */
const LIVE = { lowLatencyMode: true, maxLiveSyncPlaybackRate: 1.5 };
/** A machine that stands still for a moment is no fault of the stream. */
const HARMLESS: ReadonlySet<string> = new Set(["bufferStalledError", "bufferNudgeOnStall"]);
/** What FFmpeg says of every initialization segment but the first. */
const KNOWN = /Found duplicated MOOV Atom|^\s*$|Last message repeated/;

const SOURCES = "stream live { input fake://clock; }";

for (const [path, config, mostMs] of [
  ["/live/index.ll.m3u8", LIVE, LOW_LATENCY_MS],
  ["/live/index.fmp4.m3u8", {}, 12_000],
  ["/live/index.m3u8", {}, 12_000],
] as const) {
  test(`hls.js in Chromium plays ${path} without a hole, no further than ${mostMs} ms behind`, async (t) => {
    const server = await TestServer.start(t, SOURCES);
    const page = await openHlsPage(t, server.url(path), config);
    if (page === undefined) return;
    const shown = await page.played(SECONDS);
    assert.equal(shown.width, 640);
    assert.equal(shown.levels, 1);
    assert.ok(shown.audioBytes > 0);
    assert.equal(shown.stretches, 1);
    assert.deepEqual(
      shown.errors.filter(({ details }) => !HARMLESS.has(details)),
      [],
    );
    await page.until(`at most ${mostMs} ms of delay`, ({ behindMs = Number.NaN }) => behindMs <= mostMs);
  });
}

/** Two pictures and two sounds out of one encoder. */
const SEVERAL = [
  ...["-hide_banner", "-nostdin", "-loglevel", "warning"],
  ...["-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25,format=yuv420p"],
  ...["-re", "-f", "lavfi", "-i", "sine=440", "-re", "-f", "lavfi", "-i", "sine=880"],
  ...["-filter_complex", "[0:v]split[large][half];[half]scale=160:90[small]"],
  ...["-map", "[large]", "-map", "[small]", "-map", "1:a", "-map", "2:a"],
  ...["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "25", "-x264-params", "scenecut=0"],
  ...["-c:a", "aac", "-metadata:s:a:0", "language=deu", "-metadata:s:a:1", "language=eng", "-f", "mpegts"],
];

test("hls.js in Chromium has all pictures and sounds to choose from, and changes both", async (t) => {
  if (!needs(t, "ffmpeg")) return;
  const server = await TestServer.start(t, "stream one { publish_enabled; }");
  Background.start(t, "ffmpeg", [...SEVERAL, server.url("/one/mpegts")]);
  await server.waitFor("publisher", 8000);
  const page = await openHlsPage(t, server.url("/one/index.m3u8"), { startLevel: 1 });
  if (page === undefined) return;
  const first = await page.played(4);
  assert.equal(first.levels, 2);
  assert.deepEqual(first.audioTracks, ["deu", "eng"]);
  await page.page.evaluate("player.audioTrack = 1");
  const width = first.width === 320 ? 160 : 320;
  await page.page.evaluate(
    `player.currentLevel = player.levels.findIndex((level) => level.width === ${width})`,
  );
  await page.until("the other picture", (shown) => shown.width === width);
  const { errors } = await page.played(4);
  assert.deepEqual(
    errors.filter(({ details }) => !HARMLESS.has(details)),
    [],
  );
  assert.equal(await page.page.evaluate("player.audioTracks[player.audioTrack].lang"), "eng");
});

describe("programs decode it without a complaint", () => {
  for (const path of ["index.ll.m3u8", "index.fmp4.m3u8", "index.m3u8", "mono.m3u8"]) {
    test(`FFmpeg, ${path}`, async (t) => {
      if (!needs(t, "ffmpeg")) return;
      const server = await TestServer.start(t, SOURCES);
      const url = server.url(`/live/${path}`);
      const args = ["-v", "warning", "-xerror", "-i", url, "-t", String(SECONDS), "-f", "null"];
      const { status, stdout, stderr } = await run(
        "ffmpeg",
        [...args, "-progress", "-", "-"],
        (SECONDS + 40) * 1000,
      );
      assert.equal(status, 0, stderr);
      assert.deepEqual(
        stderr.split("\n").filter((line) => !KNOWN.test(line)),
        [],
      );
      const frames = Number(/frame=\s*(\d+)(?![\s\S]*frame=)/.exec(stdout)?.[1]);
      assert.ok(frames >= SECONDS * 25 - 2, `${frames} frames`);
    });
  }

  for (const path of ["index.ll.m3u8", "index.fmp4.m3u8", "index.m3u8"]) {
    test(`GStreamer, ${path}`, async (t) => {
      if (!needs(t, "gst-launch-1.0")) return;
      const server = await TestServer.start(t, SOURCES);
      // Of a playlist with one segment it makes nothing but waiting.
      await until("a playlist as long as they get", 20_000, async () => {
        const text = await (await fetch(server.url("/live/mono.m3u8"))).text();
        return (text.match(/#EXTINF/g)?.length ?? 0) >= 4 || undefined;
      });
      // As players do: at the pace of the clock. What takes all that there is at once waits for more than there can be.
      const source = `uridecodebin3 uri=${server.url(`/live/${path}`)} name=in`;
      const video = `in. ! queue ! videoconvert ! fakesink sync=true num-buffers=${GST_SECONDS * 25}`;
      const audio = `in. ! queue ! audioconvert ! fakesink sync=true num-buffers=${GST_SECONDS * 40}`;
      const { status, stderr } = await run(
        "gst-launch-1.0",
        ["-q", ...`${source} ${video} ${audio}`.split(" ")],
        (SECONDS + 40) * 1000,
      );
      assert.equal(status, 0, stderr);
      assert.doesNotMatch(stderr, /ERROR/);
    });
  }
});
