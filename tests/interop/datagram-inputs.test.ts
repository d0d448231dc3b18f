import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { needs } from "../e2e/kit/programs.ts";
import { freeUdpPort, TestServer, until } from "../e2e/kit/server.ts";
import { Background } from "./kit/background.ts";
import { untilReceiving } from "./kit/bound.ts";
import { FPS, startEncoder } from "./kit/encoder.ts";
import { gstEncoding } from "./kit/gstreamer.ts";
import { assertInSync, unevenSteps, watch } from "./kit/viewer.ts";

const SECONDS = 4;
const GROUP = "239.255.77.1";

interface Case {
  readonly name: string;
  readonly program: string;
  /** What the stream listens to. */
  readonly input: (port: number) => string;
  readonly send: (t: TestContext, port: number) => Background;
}

const H264_AAC = { video: "h264", audio: "aac" } as const;
const sink = (port: number): string[] => ["!", "udpsink", "host=127.0.0.1", `port=${port}`];
const gst = (t: TestContext, args: readonly string[]): Background =>
  Background.start(t, "gst-launch-1.0", ["-q", ...gstEncoding(), ...args]);

const CASES: readonly Case[] = [
  {
    name: "ffmpeg, UDP",
    program: "ffmpeg",
    input: (port) => `udp://127.0.0.1:${port}`,
    send: (t, port) => startEncoder(t, H264_AAC, { url: `udp://127.0.0.1:${port}?pkt_size=1316` }),
  },
  {
    name: "ffmpeg, UDP, datagrams that hold no whole number of packets",
    program: "ffmpeg",
    input: (port) => `udp://127.0.0.1:${port}`,
    send: (t, port) => startEncoder(t, H264_AAC, { url: `udp://127.0.0.1:${port}?pkt_size=1000` }),
  },
  {
    name: "ffmpeg, multicast",
    program: "ffmpeg",
    input: (port) => `udp://${GROUP}:${port} interface=lo`,
    send: (t, port) =>
      startEncoder(t, H264_AAC, { url: `udp://${GROUP}:${port}?pkt_size=1316&localaddr=127.0.0.1&ttl=1` }),
  },
  {
    name: "ffmpeg, RTP",
    program: "ffmpeg",
    input: (port) => `rtp://127.0.0.1:${port}`,
    send: (t, port) => startEncoder(t, H264_AAC, { url: `rtp://127.0.0.1:${port}`, format: "rtp_mpegts" }),
  },
  {
    name: "ffmpeg, RTP where plain UDP is expected",
    program: "ffmpeg",
    input: (port) => `udp://127.0.0.1:${port}`,
    send: (t, port) => startEncoder(t, H264_AAC, { url: `rtp://127.0.0.1:${port}`, format: "rtp_mpegts" }),
  },
  {
    name: "GStreamer, UDP",
    program: "gst-launch-1.0",
    input: (port) => `udp://127.0.0.1:${port}`,
    send: (t, port) => gst(t, sink(port)),
  },
  {
    name: "GStreamer, RTP",
    program: "gst-launch-1.0",
    input: (port) => `rtp://127.0.0.1:${port}`,
    send: (t, port) => gst(t, ["!", "rtpmp2tpay", ...sink(port)]),
  },
];

async function receiveAndWatch(t: TestContext, { program, input, send }: Case): Promise<void> {
  if (!needs(t, program) || !needs(t, "ffmpeg")) return;
  const port = await freeUdpPort();
  const server = await TestServer.start(t, `stream one { input ${input(port)}; segment_duration 1; }`);
  await untilReceiving(port);
  const sender = send(t, port);
  await until("the input", 8000, async () => {
    if (!sender.running) throw new Error(`${program} ended: ${sender.stderr}`);
    return (await server.stream("one")).inputs[0]?.state === "active" || undefined;
  });
  const urls = [server.url("/one/mpegts"), server.url("/one/index.m3u8")];
  for (const [i, seen] of (
    await Promise.all(urls.map((url) => watch(url, { seconds: SECONDS })))
  ).entries()) {
    const way = i === 0 ? "HTTP-TS" : "HLS";
    assert.deepEqual(seen.codecs, ["h264", "aac"], way);
    assert.deepEqual(seen.complaints, [], way);
    if (program !== "ffmpeg") {
      // A live source drops pictures on a busy machine, before anything is sent.
      assert.ok(seen.video.length > (SECONDS * FPS) / 2, `${way}: ${seen.video.length} pictures`);
      continue;
    }
    assert.ok(Math.abs(seen.video.length - SECONDS * FPS) <= 1, `${way}: ${seen.video.length} pictures`);
    assert.deepEqual(unevenSteps(seen.video, 1 / FPS), [], way);
    assertInSync(seen.video, seen.audio, way);
  }
  const [source] = (await server.stream("one")).inputs;
  assert.equal(source?.counters["ccErrors"], 0);
  assert.equal(source?.counters["rubbishBytes"], 0);
}

describe("transport streams in datagrams come in", { concurrency: 2 }, () => {
  for (const each of CASES) test(each.name, (t) => receiveAndWatch(t, each));
});
