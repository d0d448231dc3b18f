import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { needs } from "../e2e/kit/programs.ts";
import { freePort, TestServer } from "../e2e/kit/server.ts";
import { Background } from "../interop/kit/background.ts";
import { assertStretch, encodeUnique, readCoded, secondsOf } from "../interop/kit/coded.ts";
import { recordHls } from "../interop/kit/hls-recorder.ts";

/** Published H.264 with B-frames and AAC, as each way out has it: each frame and its times are those that were sent. */
interface Length {
  /** Of the file, and of what is compared. */
  readonly fileS: number;
  readonly comparedS: number;
  /** How many seconds of it are published in one. */
  readonly speed: number;
  /** Width and height of the pictures. */
  readonly size: string;
}

async function sendAndCompare(t: TestContext, { fileS, comparedS, speed, size }: Length): Promise<void> {
  if (!needs(t, "ffmpeg")) return;
  const port = await freePort();
  const streams = "stream one { publish_enabled; segments 100; }";
  const server = await TestServer.start(t, `rtmp 127.0.0.1:${port};\n${streams}`);
  const rtmp = `rtmp://127.0.0.1:${port}/static/one`;
  const file = join(server.folder, "sent.flv");
  await encodeUnique(file, { seconds: fileS, size });
  const sent = await readCoded(file);
  assert.ok(
    sent.video.some(({ ptsMs, dtsMs }) => ptsMs - dtsMs > 80),
    "there are B-frames",
  );
  const pace = ["-readrate", String(speed)];
  const publisher = Background.start(t, "ffmpeg", [
    ...["-v", "error", "-nostdin", ...pace, "-i", file, "-c", "copy", "-f", "flv", rtmp],
  ]);
  await server.waitFor("input on air", 8000).catch((error: Error) => {
    throw new Error(`${error.message}: ${publisher.stderr}`);
  });
  const timeoutMs = 20_000 + (fileS / speed) * 1000;
  const segments = join(server.folder, "segments.mpegts");
  await Promise.all([
    ...[server.url("/one/mpegts"), server.url("/one.flv"), rtmp].map((url) => compare(url)),
    recordHls(server.url("/one/mono.m3u8"), segments, { seconds: comparedS, timeoutMs }).then(() =>
      compare(segments),
    ),
  ]);
  assert.equal(publisher.stderr, "");

  async function compare(way: string): Promise<void> {
    const seen = await readCoded(way, { seconds: comparedS, timeoutMs });
    assertStretch(seen, sent, { what: way });
    const span = Math.min(secondsOf(seen.video), secondsOf(seen.audio));
    assert.ok(span > comparedS - 1, `${way}: ${span} s`);
  }
}

test("H.264 with B-frames and AAC: HLS, HTTP-TS, HTTP-FLV and RTMP have the times that were published", (t) =>
  sendAndCompare(t, { fileS: 16, comparedS: 6, speed: 1, size: "320x180" }));

test("ten minutes later the times are still those that were published, to the millisecond", (t) =>
  sendAndCompare(t, { fileS: 720, comparedS: 600, speed: 25, size: "96x54" }));
