import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "../e2e/kit/browser.ts";
import { needs } from "../e2e/kit/programs.ts";
import { TestServer, until } from "../e2e/kit/server.ts";
import { Background } from "./kit/background.ts";
import { type Coding, startEncoder } from "./kit/encoder.ts";
import { watch } from "./kit/viewer.ts";

const STREAM = "stream one { publish_enabled; segment_duration 1; }";
const SMALL: Coding = { video: "h264", audio: "aac", size: "320x180" };
const LARGE: Coding = { video: "h264", audio: "aac", size: "480x270" };

/** Pictures of a size that FFmpeg has shown so far. */
function shown(viewer: Background, size: string): number {
  return viewer.stderr.split(` s:${size} `).length - 1;
}

test("an encoder dies and comes back with another size: an ffmpeg that watches goes on", async (t) => {
  if (!needs(t, "ffmpeg")) return;
  const server = await TestServer.start(t, STREAM);
  const url = server.url("/one/mpegts");
  const first = startEncoder(t, SMALL, { url });
  await server.waitFor("publisher", 8000);
  const args = ["-hide_banner", "-nostdin", "-loglevel", "level+info", "-i", url];
  const viewer = Background.start(t, "ffmpeg", [
    ...args,
    "-map",
    "0:v",
    "-vf",
    "showinfo",
    "-f",
    "null",
    "-",
  ]);
  await until("small pictures", 8000, () => shown(viewer, "320x180") > 15 || undefined);
  await first.kill();
  const second = startEncoder(t, LARGE, { url });
  await until("large pictures", 8000, () => shown(viewer, "480x270") > 20 || undefined).catch((error) => {
    throw new Error(`${error.message}: ${viewer.running} ${viewer.stderr.slice(-2000)}`);
  });
  assert.ok(viewer.running && second.running);
  const steps = stepsOf(viewer.stderr);
  assert.ok(Math.min(...steps) > 0, `time goes back by ${Math.min(...steps)} s`);
  assert.ok(Math.max(...steps) < 8, `time jumps by ${Math.max(...steps)} s`);
  // Who comes now finds the new stream only, and nothing of the old one.
  const { size, complaints } = await watch(url, { seconds: 2 });
  assert.equal(size, "480x270");
  assert.deepEqual(complaints, []);
});

/** Time from each picture shown to the next, seconds. */
function stepsOf(stderr: string): number[] {
  const times = [...stderr.matchAll(/ n: *\d+ pts: *-?\d+ pts_time:(-?[\d.]+)/g)].map((match) =>
    Number(match[1]),
  );
  return times.slice(1).map((time, i) => time - (times[i] as number));
}

test("an encoder dies and comes back with another codec: who comes then gets that", async (t) => {
  if (!needs(t, "ffmpeg")) return;
  const server = await TestServer.start(t, STREAM);
  const url = server.url("/one/mpegts");
  const first = startEncoder(t, SMALL, { url });
  await server.waitFor("publisher", 8000);
  await watch(url, { seconds: 1 });
  await first.kill();
  startEncoder(t, { video: "hevc", audio: "mp3" }, { url });
  await until("the new tracks", 8000, async () => {
    return (await server.stream("one")).tracks.some((track) => track.codec === "h265") || undefined;
  });
  const [ts, hls] = await Promise.all([
    watch(url, { seconds: 3 }),
    until("a segment of the new encoder", 8000, async () => {
      return (
        (await (await fetch(server.url("/one/mono.m3u8"))).text()).includes("EXT-X-DISCONTINUITY\n") ||
        undefined
      );
    }).then(() => watch(server.url("/one/index.m3u8"), { seconds: 3, input: ["-live_start_index", "-1"] })),
  ]);
  for (const seen of [ts, hls]) {
    assert.deepEqual(seen.codecs, ["hevc", "mp3"]);
    assert.deepEqual(seen.complaints, []);
  }
  assert.deepEqual(
    (await server.stream("one")).tracks.map((track) => track.codec),
    ["h265", "mpa"],
  );
});

test("an encoder dies and comes back with another size: hls.js goes on", async (t) => {
  if (!needs(t, "ffmpeg")) return;
  const page = await openPage(t);
  if (page === undefined) return;
  const server = await TestServer.start(t, STREAM);
  const url = server.url("/one/mpegts");
  const first = startEncoder(t, SMALL, { url });
  await server.waitFor("publisher", 8000);
  await page.goto(server.url("/one/embed.html?autoplay=true&muted=true"));
  const video = (): Promise<{ width: number; time: number }> =>
    page.evaluate(
      '(() => { const v = document.querySelector("video"); return { width: v.videoWidth, time: v.currentTime }; })()',
    );
  const before = await until("the small picture", 12_000, async () => {
    const { width, time } = await video();
    return width === 320 && time > 1 ? time : undefined;
  });
  await first.kill();
  startEncoder(t, LARGE, { url });
  const change = await until("the large picture", 15_000, async () => {
    const { width, time } = await video();
    return width === 480 ? time : undefined;
  });
  const after = await until("it to go on", 8000, async () => {
    const { time } = await video();
    return time > change + 1.5 ? time : undefined;
  });
  assert.ok(after > before);
  assert.equal(await page.isVisible("#overlay"), false);
});
