import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { needs } from "../e2e/kit/programs.ts";
import { TestServer } from "../e2e/kit/server.ts";
import { type Coding, FPS, startEncoder } from "./kit/encoder.ts";
import { assertInSync, spanOf, unevenSteps, watch } from "./kit/viewer.ts";

/** What is watched of each. */
const SECONDS = 4;

interface Case {
  readonly coding: Coding;
  readonly method?: string;
  readonly options?: readonly string[];
  /** The audio codec as it is read, where that has a name of its own. */
  readonly audio?: string;
  /** Watched as CMAF, too. */
  readonly cmaf?: boolean;
}

const CASES: readonly Case[] = [
  { coding: { video: "h264", audio: "aac" }, cmaf: true },
  { coding: { video: "h264", audio: "aac" }, options: ["-mpegts_flags", "latm"], audio: "aac_latm" },
  { coding: { video: "h264", audio: "ac3" }, method: "PUT", cmaf: true },
  { coding: { video: "h264", audio: "mp3" } },
  { coding: { video: "h264", audio: "opus" }, cmaf: true },
  { coding: { video: "hevc", audio: "aac" }, method: "PUT", cmaf: true },
  { coding: { video: "hevc", audio: "eac3" } },
  { coding: { video: "mpeg2video", audio: "mp2" } },
  { coding: { video: "h264" }, method: "PUT" },
  { coding: { audio: "aac" } },
  { coding: { audio: "mp3" } },
];

async function publishAndWatch(t: TestContext, each: Case): Promise<void> {
  const { coding, method = "POST", options = [] } = each;
  if (!needs(t, "ffmpeg")) return;
  const server = await TestServer.start(t, "stream one { publish_enabled; segment_duration 1; }");
  const url = server.url("/one/mpegts");
  const encoder = startEncoder(t, coding, { url, options: [...options, "-method", method] });
  await server.waitFor("publisher", 8000).catch((error: Error) => {
    throw new Error(`${error.message}\n${encoder.stderr}`);
  });
  const watching = { seconds: SECONDS, video: coding.video !== undefined, audio: coding.audio !== undefined };
  const wanted = [coding.video, each.audio ?? coding.audio].filter((codec) => codec !== undefined);
  const playlists = each.cmaf === true ? ["mono.m3u8", "index.fmp4.m3u8"] : ["mono.m3u8"];
  const sources = [url, ...playlists.map((name) => server.url(`/one/${name}`))];
  const seen = await Promise.all(sources.map((source) => watch(source, watching)));
  for (const [i, { codecs, video, audio, complaints }] of seen.entries()) {
    const way = ["HTTP-TS", "HLS", "HLS with CMAF"][i] ?? "";
    assert.deepEqual(codecs, wanted, way);
    // FFmpeg reads the initialization section with each segment of fragmented MP4, and says so.
    const real =
      i < 2 ? complaints : complaints.filter((line) => !line.includes("Found duplicated MOOV Atom"));
    assert.deepEqual(real, [], way);
    if (coding.video !== undefined) {
      assert.ok(Math.abs(video.length - SECONDS * FPS) <= 1, `${way}: ${video.length} pictures`);
      assert.deepEqual(unevenSteps(video, 1 / FPS), [], way);
    }
    if (coding.audio !== undefined) assert.ok(spanOf(audio) > SECONDS - 0.5, `${way}: ${spanOf(audio)} s`);
    if (wanted.length === 2) assertInSync(video, audio, way);
  }
  assert.ok(encoder.running, `the encoder goes on: ${encoder.stderr}`);
}

describe("ffmpeg publishes over HTTP and plays HTTP-TS and HLS", { concurrency: 2 }, () => {
  for (const each of CASES) {
    const { video, audio } = each.coding;
    const name = [video, each.audio ?? audio].filter((codec) => codec !== undefined).join(" and ");
    test(`${name} by ${each.method ?? "POST"}`, (t) => publishAndWatch(t, each));
  }
});
