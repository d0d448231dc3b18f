import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { needs, run } from "../e2e/kit/programs.ts";
import { freePort, TestServer, until } from "../e2e/kit/server.ts";
import { Background } from "./kit/background.ts";
import {
  assertStretch,
  type Coded,
  encodeUnique,
  readCoded,
  secondsOf,
  type VideoCodec,
} from "./kit/coded.ts";

const CHILD = fileURLToPath(new URL("./kit/rtmp-ffmpeg8-child.ts", import.meta.url));
const FILE_S = 18;
const SECONDS = 4;

/** The codec as the server calls it, and ways out beside RTMP and HTTP-FLV that have it. */
const CODECS: readonly { codec: VideoCodec; track: string; others: readonly string[] }[] = [
  { codec: "hevc", track: "h265", others: ["/cam/mpegts"] },
  { codec: "av1", track: "av1", others: [] },
];

/** FFmpeg 8 copies what it plays into a file. */
async function record(url: string, file: string): Promise<string> {
  const { status, stderr } = await run(process.execPath, [CHILD, url, file, "mp4", String(SECONDS)], 20_000);
  assert.equal(status, 0, `${url}: ${stderr}`);
  assert.doesNotMatch(stderr, /error|corrupt|invalid|missing/i, url);
  return file;
}

async function thereAndBack(
  t: TestContext,
  { codec, track, others }: (typeof CODECS)[number],
): Promise<void> {
  if (!needs(t, "ffmpeg")) return;
  try {
    await import("node-av/lib");
  } catch {
    t.skip("package missing: node-av");
    return;
  }
  const port = await freePort();
  const server = await TestServer.start(t, `rtmp 127.0.0.1:${port};\nstream cam { publish_enabled; }`);
  const rtmp = `rtmp://127.0.0.1:${port}/static/cam`;
  const file = join(server.folder, "sent.mp4");
  await encodeUnique(file, { seconds: FILE_S, codec });
  const sent = await readCoded(file, { codec });
  const publisher = Background.start(t, process.execPath, [CHILD, file, rtmp, "flv", String(FILE_S)]);
  await until("the tracks", 10_000, async () => {
    if (!publisher.running) throw new Error(publisher.stderr);
    return (await server.stream("cam")).tracks.length === 2 || undefined;
  });
  const tracks = (await server.stream("cam")).tracks.map((each) => each.codec);
  assert.deepEqual(tracks.toSorted(), ["aac", track].toSorted());
  const check = (way: string, seen: Coded): void => {
    assertStretch(seen, sent, { what: way, off: { video: 1 } });
    const span = Math.min(secondsOf(seen.video), secondsOf(seen.audio));
    assert.ok(span > SECONDS - 1, `${way}: ${span} s`);
  };
  await Promise.all([
    ...[rtmp, server.url("/cam.flv")].map(async (url, i) => {
      check(url, await readCoded(await record(url, join(server.folder, `${i}.mp4`)), { codec }));
    }),
    ...others.map(async (path) => {
      check(path, await readCoded(server.url(path), { codec, seconds: SECONDS }));
    }),
  ]);
  assert.ok(publisher.running, publisher.stderr);
}

for (const each of CODECS) {
  test(`FFmpeg 8 publishes and plays ${each.codec} by enhanced RTMP: each coded frame is the same`, (t) =>
    thereAndBack(t, each));
}
