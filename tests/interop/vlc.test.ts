import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { needs, run } from "../e2e/kit/programs.ts";
import { freeUdpPort, TestServer } from "../e2e/kit/server.ts";
import { Background } from "./kit/background.ts";
import { untilReceiving } from "./kit/bound.ts";
import { encodeFile, FPS, startEncoder } from "./kit/encoder.ts";
import { unevenSteps, watch } from "./kit/viewer.ts";

const SECONDS = 4;
const H264_AAC = { video: "h264", audio: "aac" } as const;

/** A folder that VLC may write to, and the words that start VLC there: it refuses to run as root. */
function prepareVlc(t: TestContext): { folder: string; command: readonly string[] } {
  const folder = mkdtempSync(join(tmpdir(), "millrace-vlc-"));
  chmodSync(folder, 0o777);
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const other = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"];
  const command = ["env", `HOME=${folder}`, "cvlc", "--quiet", "--no-interact", "--play-and-exit"];
  return { folder, command: process.getuid?.() === 0 ? [...other, ...command] : command };
}

async function startPublished(t: TestContext): Promise<TestServer> {
  const server = await TestServer.start(t, "stream one { publish_enabled; segment_duration 1; }");
  startEncoder(t, H264_AAC, { url: server.url("/one/mpegts") });
  await server.waitFor("publisher", 8000);
  return server;
}

async function playInVlc(t: TestContext, path: string): Promise<void> {
  if (!needs(t, "cvlc") || !needs(t, "ffmpeg")) return;
  const server = await startPublished(t);
  const { folder, command } = prepareVlc(t);
  const [program = "", ...args] = command;
  const pictures = join(folder, "pictures");
  mkdirSync(pictures);
  chmodSync(pictures, 0o777);
  // VLC decodes with one process, and takes the stream apart and writes it anew with the other.
  const copy = join(folder, "copy.mpegts");
  const limit = [`--run-time=${SECONDS + 1}`, server.url(path)];
  const scene = ["--video-filter=scene", "--scene-format=png", "--scene-ratio=1", `--scene-path=${pictures}`];
  await Promise.all([
    run(program, [...args, ...limit, `--sout=#std{access=file,mux=ts,dst=${copy}}`], 13_000),
    run(program, [...args, ...limit, "--vout=vdummy", "--aout=adummy", ...scene], 13_000),
  ]);
  const shown = readdirSync(pictures).length;
  assert.ok(shown > (SECONDS - 1) * FPS, `VLC decoded ${shown} pictures`);
  const { codecs, video, complaints } = await watch(copy, { seconds: SECONDS - 1 });
  assert.deepEqual(codecs, ["h264", "aac"]);
  assert.deepEqual(complaints, []);
  assert.ok(Math.abs(video.length - (SECONDS - 1) * FPS) <= 1, `VLC copied ${video.length} pictures`);
  assert.deepEqual(unevenSteps(video, 1 / FPS), []);
}

describe("VLC plays", { concurrency: 2 }, () => {
  test("HTTP-TS", (t) => playInVlc(t, "/one/mpegts"));
  test("HLS", (t) => playInVlc(t, "/one/index.m3u8"));
});

const SENDERS = [
  { scheme: "udp", output: (port: number) => `#std{access=udp,mux=ts,dst=127.0.0.1:${port}}` },
  { scheme: "rtp", output: (port: number) => `#rtp{mux=ts,dst=127.0.0.1,port=${port}}` },
];

describe("VLC sends", { concurrency: 2 }, () => {
  for (const { scheme, output } of SENDERS) {
    test(`over ${scheme}`, async (t) => {
      if (!needs(t, "cvlc") || !needs(t, "ffmpeg")) return;
      const { folder, command } = prepareVlc(t);
      const [program = "", ...args] = command;
      const file = join(folder, "file.mpegts");
      await encodeFile(file, H264_AAC, 12);
      const port = await freeUdpPort();
      const input = `input ${scheme}://127.0.0.1:${port}`;
      const server = await TestServer.start(t, `stream one { ${input}; segment_duration 1; }`);
      await untilReceiving(port);
      Background.start(t, program, [...args, file, `--sout=${output(port)}`]);
      await server.waitFor("input on air", 8000);
      const seen = await watch(server.url("/one/mpegts"), { seconds: SECONDS });
      assert.deepEqual(seen.codecs, ["h264", "aac"]);
      assert.deepEqual(seen.complaints, []);
      assert.ok(Math.abs(seen.video.length - SECONDS * FPS) <= 1, `${seen.video.length} pictures`);
      assert.deepEqual(unevenSteps(seen.video, 1 / FPS), []);
      const [source] = (await server.stream("one")).inputs;
      assert.equal(source?.counters["ccErrors"], 0);
    });
  }
});
