import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { openPage } from "../e2e/kit/browser.ts";
import { repoRoot } from "../e2e/kit/paths.ts";
import { needs, run } from "../e2e/kit/programs.ts";
import { TestServer, until } from "../e2e/kit/server.ts";
import { type Coding, encodeFile, FPS, startEncoder } from "./kit/encoder.ts";
import { watch } from "./kit/viewer.ts";

const SECONDS = 4;
const WAIT_MS = 20_000;

function fixture(name: string): string {
  return `stream ${name} { input file://${join(repoRoot, `tests/fixtures/${name}.mpegts`)}; }\n`;
}

const CAPTURES = ["hevc-aac", "ac3", "eac3", "mpeg2-mp2", "latm"].map(fixture).join("");

/** What is in each file, in FFmpeg's names. */
const FILES: readonly { path: string; codecs: readonly string[] }[] = [
  { path: "/one.mp4", codecs: ["h264", "aac"] },
  { path: "/one.mkv", codecs: ["h264", "aac"] },
  { path: "/one.aac", codecs: ["aac"] },
  { path: "/one/shoutcast", codecs: ["aac"] },
  { path: "/hevc-aac.mp4", codecs: ["hevc", "aac"] },
  { path: "/hevc-aac.mkv", codecs: ["hevc", "aac"] },
  { path: "/ac3.mp4?tracks=a1", codecs: ["ac3"] },
  { path: "/ac3.mkv?tracks=a1", codecs: ["ac3"] },
  { path: "/ac3.ac3", codecs: ["ac3"] },
  { path: "/eac3.mp4?tracks=a1", codecs: ["eac3"] },
  { path: "/eac3.eac3", codecs: ["eac3"] },
  { path: "/mpeg2-mp2.mkv", codecs: ["mpeg2video", "mp2"] },
  { path: "/mpeg2-mp2.mp3", codecs: ["mp2"] },
  { path: "/latm.aac", codecs: ["aac"] },
];

const OPUS_FILES: typeof FILES = [
  { path: "/one.ogg", codecs: ["opus"] },
  { path: "/one.opus", codecs: ["opus"] },
  { path: "/one.webm", codecs: ["opus"] },
  { path: "/one.mp4", codecs: ["h264", "opus"] },
];

async function startPublished(
  t: TestContext,
  coding: Coding = { video: "h264", audio: "aac" },
): Promise<TestServer> {
  const server = await TestServer.start(t, `stream one { publish_enabled; }\n${CAPTURES}`);
  startEncoder(t, coding, { url: server.url("/one/mpegts") });
  await server.waitFor("publisher", 8000);
  return server;
}

async function decode(server: TestServer, { path, codecs }: (typeof FILES)[number]): Promise<void> {
  const video = codecs.length > 1;
  const seconds = LAPS.test(path) ? 1 : SECONDS;
  const seen = await watch(server.url(path), { seconds, video, measure: false });
  assert.deepEqual(seen.codecs, codecs, path);
  assert.ok(seen.audio.length > seconds * 20, `${path}: ${seen.audio.length} frames of sound`);
  if (video) assert.ok(seen.video.length >= seconds * 20, `${path}: ${seen.video.length} pictures`);
  if (!LAPS.test(path)) assert.deepEqual(seen.complaints, [], path);
}

/** Which of its files say on their way that they were joined where a lap ends, or in the middle of a recording. */
const LAPS = /^(?!\/one)/;

describe("FFmpeg decodes", () => {
  test("each kind of file", async (t) => {
    if (!needs(t, "ffmpeg")) return;
    const server = await startPublished(t);
    for (const file of FILES) await decode(server, file);
  });

  test("Opus, in each of its containers", async (t) => {
    if (!needs(t, "ffmpeg")) return;
    const server = await startPublished(t, { video: "h264", audio: "opus" });
    for (const file of OPUS_FILES) await decode(server, file);
  });
});

/** A recording that begins with pictures of one size, and goes on with those of another. */
async function twoSizes(t: TestContext): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-sizes-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const parts: Buffer[] = [];
  for (const size of SIZES) {
    const file = join(folder, size);
    await encodeFile(file, { video: "h264", audio: "aac", size }, 2);
    parts.push(readFileSync(file));
  }
  const both = join(folder, "both.mpegts");
  writeFileSync(both, Buffer.concat(parts));
  return both;
}

const SIZES: readonly string[] = ["320x180", "480x270"];

describe("FFmpeg goes on when the picture's parameters change", () => {
  for (const ending of ["mp4", "mkv"]) {
    test(ending, async (t) => {
      if (!needs(t, "ffmpeg")) return;
      const server = await TestServer.start(t, `stream both { input file://${await twoSizes(t)}; }`);
      const words = "-hide_banner -nostdin -loglevel level+info -t 8 -i URL -map 0:v -vf showinfo -f null -";
      const args = words.replace("URL", server.url(`/both.${ending}`)).split(" ");
      const { stderr } = await run("ffmpeg", args, WAIT_MS);
      const shown = [...stderr.matchAll(/ s:(\d+x\d+) /g)].map((match) => match[1]);
      for (const size of SIZES) {
        const count = shown.filter((each) => each === size).length;
        assert.ok(count > 2 * FPS, `${count} of ${shown.length} pictures are ${size}`);
      }
      assert.doesNotMatch(stderr, /non-existing|decode_slice|no frame|concealing|\[error\]/);
    });
  }
});

const GSTREAMER: readonly { path: string; demuxer: string }[] = [
  { path: "/one.mp4", demuxer: "qtdemux" },
  { path: "/one.mkv", demuxer: "matroskademux" },
];

describe("GStreamer decodes, in time with its clock", () => {
  for (const { path, demuxer } of GSTREAMER) {
    test(path, async (t) => {
      if (!needs(t, "gst-launch-1.0") || !needs(t, "ffmpeg")) return;
      const server = await startPublished(t);
      const words =
        `-v souphttpsrc is-live=true location=${server.url(path)} ! ${demuxer} name=d ` +
        "d.video_0 ! queue ! h264parse ! openh264dec ! fakesink name=video silent=false num-buffers=60 " +
        "d.audio_0 ! queue ! aacparse ! fakesink name=audio silent=false";
      const { stdout } = await run("timeout", ["10", "gst-launch-1.0", ...words.split(" ")], 15_000);
      const count = (sink: string): number =>
        stdout.split(`GstFakeSink:${sink}: last-message = chain`).length - 1;
      assert.ok(count("video") > 50, `${count("video")} pictures`);
      assert.ok(count("audio") > 50, `${count("audio")} frames of sound`);
    });
  }
});

/**
 * What VLC reads, and the container in which it writes that anew. Its own reader of Matroska takes no stream in which it
 * cannot seek, whatever is in it, and leaves it to FFmpeg's, which says of the first pictures not when they are decoded
 * where pictures are reordered. VLC's transport streams cannot do with that: their clock jumps there, and as its threads
 * happen to run, the key frame is thrown away ("packet with too strange dts"). Its MP4 takes all pictures.
 */
const COPIES: readonly { path: string; mux: string }[] = [
  { path: "/one.mp4", mux: "ts" },
  { path: "/one.mkv", mux: "mp4" },
];

/** VLC takes a file apart and writes what is in it anew, in another container. */
async function copyByVlc(t: TestContext, url: string, mux: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-vlc-"));
  chmodSync(folder, 0o777);
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const copy = join(folder, `copy.${mux}`);
  const words = ["env", `HOME=${folder}`, "cvlc", "--quiet", "--no-interact", "--play-and-exit"];
  words.push(`--run-time=${SECONDS + 1}`, url, `--sout=#std{access=file,mux=${mux},dst=${copy}}`);
  // It refuses to run as root.
  const user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"];
  const [program = "", ...args] = process.getuid?.() === 0 ? [...user, ...words] : words;
  await run(program, args, 15_000);
  return copy;
}

describe("VLC plays", () => {
  for (const { path, mux } of COPIES) {
    test(path, async (t) => {
      if (!needs(t, "cvlc") || !needs(t, "ffmpeg")) return;
      const server = await startPublished(t);
      const copy = await copyByVlc(t, server.url(path), mux);
      const seen = await watch(copy, { seconds: SECONDS - 1, measure: false });
      assert.deepEqual(seen.codecs, ["h264", "aac"]);
      assert.deepEqual(seen.complaints, []);
      assert.ok(seen.video.length > (SECONDS - 2) * FPS, `${seen.video.length} pictures`);
    });
  }
});

async function playsInPage(t: TestContext, server: TestServer, path: string): Promise<void> {
  const page = await openPage(t);
  if (page === undefined) return;
  // Any document of the same origin that has no policy.
  await page.goto(server.url("/-/mse-player.js"));
  await page.evaluate(`document.body.innerHTML = "<video muted autoplay src='${path}'></video>"`);
  const look = `(() => {
    const video = document.querySelector("video");
    const { totalVideoFrames } = video.getVideoPlaybackQuality();
    return { time: video.currentTime, frames: totalVideoFrames, error: video.error?.message ?? "" };
  })()`;
  const shown = await until(`three seconds of ${path}`, WAIT_MS, async () => {
    const { time, frames, error } = await page.evaluate<{ time: number; frames: number; error: string }>(
      look,
    );
    assert.equal(error, "", path);
    return time > 3 ? { frames } : undefined;
  });
  if (!/aac|mp3|ogg|opus/.test(path)) assert.ok(shown.frames > 30, `${path}: ${shown.frames} pictures`);
}

describe("Chromium plays in a video element", () => {
  const shown: readonly (readonly [string, Coding])[] = [
    ["/one.mp4", { video: "h264", audio: "aac" }],
    ["/one.mp3", { audio: "mp3" }],
  ];
  for (const [path, coding] of shown) {
    test(path, async (t) => {
      if (!needs(t, "ffmpeg")) return;
      await playsInPage(t, await startPublished(t, coding), path);
    });
  }
});
