import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { sharedMedia } from "../e2e/kit/paths.ts";
import { needs } from "../e2e/kit/programs.ts";
import { TestServer } from "../e2e/kit/server.ts";
import { spanOf, watch } from "./kit/viewer.ts";

const SECONDS = 8;

interface Case {
  readonly name: string;
  /** Below shared/media, joined in this order. */
  readonly files: readonly string[];
  readonly codecs: readonly string[];
  /** Pictures decoded in a second, at least. */
  readonly fps: number;
  /** The capture is cut off in the middle of frames: decoders complain at each lap. */
  readonly cutOff?: boolean;
  readonly seconds?: number;
}

const DVB = "ts/ac3/dvb-h264-ac3-segments";
const CASES: readonly Case[] = [
  {
    name: "DVB, 576i H.264 and AC-3",
    files: [0, 1, 2].map((n) => `${DVB}/s_0000${n}.ts`),
    codecs: ["h264", "ac3"],
    fps: 24.8,
  },
  {
    name: "DVB, 1080i H.264 and three E-AC-3",
    files: ["ts/eac3/test-026.ts"],
    codecs: ["h264", "eac3", "eac3", "eac3"],
    fps: 15,
    cutOff: true,
  },
  {
    name: "DVB, 576i MPEG-2 and MPEG audio",
    files: ["ts/mpeg2-mp2/test-025.ts"],
    codecs: ["mpeg2video", "mp2"],
    fps: 23,
    cutOff: true,
  },
  {
    name: "HEVC and AAC",
    files: ["ts/hevc/portrait_hevc_aac_seg0.ts"],
    codecs: ["hevc", "aac"],
    fps: 29.8,
  },
  {
    name: "H.264 of a varying frame rate and Opus",
    files: ["ts/other-audio/opus2880_h264.ts"],
    codecs: ["h264", "opus"],
    fps: 6,
    // Segments of five seconds: it takes long to begin.
    seconds: 4,
  },
];

async function loopAndWatch(t: TestContext, { files, codecs, fps, ...more }: Case): Promise<void> {
  if (!needs(t, "ffmpeg")) return;
  const { cutOff = false, seconds = SECONDS } = more;
  const found = files.map((file) => sharedMedia(t, file)).filter((file) => file !== undefined);
  if (found.length < files.length) return;
  const server = await TestServer.start(t, "");
  const file = join(server.folder, "capture.mpegts");
  writeFileSync(file, Buffer.concat(found.map((each) => readFileSync(each))));
  server.rewrite(`stream one { input file://${file}; segment_duration 1; }`);
  server.signal("SIGHUP");
  await server.waitFor("input on air", 20_000);
  const watching = { seconds, measure: false, timeoutMs: 20_000 };
  const urls = [server.url("/one/mpegts"), server.url("/one/mono.m3u8")];
  for (const [i, seen] of (await Promise.all(urls.map((url) => watch(url, watching)))).entries()) {
    const way = i === 0 ? "HTTP-TS" : "HLS";
    assert.deepEqual(seen.codecs, codecs, way);
    if (!cutOff) assert.deepEqual(seen.complaints, [], way);
    assert.ok(seen.video.length >= seconds * fps, `${way}: ${seen.video.length} pictures in ${seconds} s`);
    assert.ok(spanOf(seen.video) > seconds - 1.5, `${way}: ${spanOf(seen.video)} s of video`);
    assert.ok(spanOf(seen.audio) > seconds - 0.5, `${way}: ${spanOf(seen.audio)} s of audio`);
  }
  const [source] = (await server.stream("one")).inputs;
  assert.equal(source?.counters["ccErrors"], 0, "counters go on over the seam");
  await assertRealTime(server);
}

/** Segments come as fast as they are long, and none loses what its neighbours do not have. */
async function assertRealTime(server: TestServer): Promise<void> {
  const text = await (await fetch(server.url("/one/mono.m3u8"))).text();
  const lengths = [...text.matchAll(/#EXTINF:([\d.]+)/g)].map((match) => Number(match[1]) * 1000);
  const began = [...text.matchAll(/^\d+-(\d+)\.ts/gm)].map((match) => Number(match[1]));
  const mediaMs = lengths.slice(0, -1).reduce((sum, length) => sum + length, 0);
  const realMs = (began.at(-1) as number) - (began[0] as number);
  assert.ok(Math.abs(realMs - mediaMs) < 400, `${mediaMs} ms of media came in ${realMs} ms`);
}

// One after the other: decoding these takes a core each.
for (const each of CASES) test(`a looped capture: ${each.name}`, (t) => loopAndWatch(t, each));
