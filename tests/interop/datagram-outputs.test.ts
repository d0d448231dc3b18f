import assert from "node:assert/strict";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { needs, run } from "../e2e/kit/programs.ts";
import { freeUdpPort, TestServer } from "../e2e/kit/server.ts";
import { Background } from "./kit/background.ts";
import { untilReceiving } from "./kit/bound.ts";
import { FPS, startEncoder } from "./kit/encoder.ts";
import { gstDecoding } from "./kit/gstreamer.ts";
import { assertInSync, unevenSteps, watch } from "./kit/viewer.ts";

const SECONDS = 4;
const GROUP = "239.255.77.2";
const PICTURE_BYTES = (320 * 180 * 3) / 2;
const RTP_CAPS = "application/x-rtp,media=video,clock-rate=90000,encoding-name=MP2T,payload=33";

/** A server that pushes what is published to it. */
async function startPushing(t: TestContext, push: string): Promise<TestServer> {
  return TestServer.start(t, `stream one { publish_enabled; push ${push}; hls_off; }`);
}

async function publish(t: TestContext, server: TestServer): Promise<void> {
  startEncoder(t, { video: "h264", audio: "aac" }, { url: server.url("/one/mpegts") });
  await server.waitFor("publisher", 8000);
}

interface FfmpegCase {
  readonly name: string;
  readonly push: (port: number) => string;
  readonly receive: (port: number, folder: string) => string;
  readonly options?: readonly string[];
}

const FFMPEG: readonly FfmpegCase[] = [
  {
    name: "UDP",
    push: (port) => `udp://127.0.0.1:${port}`,
    receive: (port) => `udp://127.0.0.1:${port}?timeout=12000000`,
  },
  {
    name: "UDP at a constant bitrate",
    push: (port) => `udp://127.0.0.1:${port}?cbr=3000&pcr=20`,
    receive: (port) => `udp://127.0.0.1:${port}?timeout=12000000`,
  },
  {
    name: "multicast",
    push: (port) => `udp://${GROUP}:${port}?multicast_loop interface=lo`,
    receive: (port) => `udp://${GROUP}:${port}?localaddr=127.0.0.1&timeout=12000000`,
  },
  {
    name: "RTP",
    push: (port) => `rtp://127.0.0.1:${port}`,
    receive: describedRtp,
    options: ["-protocol_whitelist", "file,udp,rtp"],
  },
];

/** Given an `rtp://` address alone, FFmpeg opens the socket twice, and loses the first key frame in between. */
function describedRtp(port: number, folder: string): string {
  const file = join(folder, "push.sdp");
  const connection = "o=- 0 0 IN IP4 127.0.0.1\ns=push\nc=IN IP4 127.0.0.1\nt=0 0";
  writeFileSync(file, `v=0\n${connection}\nm=video ${port} RTP/AVP 33\n`);
  return file;
}

describe("ffmpeg receives what is pushed", { concurrency: 2 }, () => {
  for (const { name, push, receive, options = [] } of FFMPEG) {
    test(name, async (t) => {
      if (!needs(t, "ffmpeg")) return;
      const port = await freeUdpPort();
      const server = await startPushing(t, push(port));
      const watched = watch(receive(port, server.folder), { seconds: SECONDS, input: options });
      await untilReceiving(port);
      await publish(t, server);
      const { codecs, video, audio, complaints } = await watched;
      assert.deepEqual(codecs, ["h264", "aac"]);
      assert.deepEqual(complaints, []);
      assert.ok(Math.abs(video.length - SECONDS * FPS) <= 1, `${video.length} pictures`);
      assert.deepEqual(unevenSteps(video, 1 / FPS), []);
      assertInSync(video, audio, name);
    });
  }
});

for (const scheme of ["udp", "rtp"]) {
  test(`ffprobe reads the tracks of a push over ${scheme}, told nothing but its address`, async (t) => {
    if (!needs(t, "ffprobe")) return;
    const port = await freeUdpPort();
    const server = await startPushing(t, `${scheme}://127.0.0.1:${port}`);
    const url = `${scheme}://127.0.0.1:${port}`;
    const args = ["-v", "fatal", "-show_entries", "stream=codec_name,width,height,sample_rate"];
    const probed = run("ffprobe", [...args, "-of", "csv=p=0", url], 13_000);
    await untilReceiving(port);
    await publish(t, server);
    const { stdout, stderr, status } = await probed;
    assert.equal(status, 0, stderr);
    assert.deepEqual([...new Set(stdout.trim().split(/\s*\n\s*/))].sort(), ["aac,48000", "h264,320,180"]);
  });
}

const GSTREAMER = [
  { name: "UDP", scheme: "udp", source: [] },
  { name: "RTP", scheme: "rtp", source: [`caps=${RTP_CAPS}`, "!", "rtpjitterbuffer", "!", "rtpmp2tdepay"] },
];

describe("GStreamer receives what is pushed", { concurrency: 2 }, () => {
  for (const { name, scheme, source } of GSTREAMER) {
    test(name, async (t) => {
      if (!needs(t, "gst-launch-1.0") || !needs(t, "ffmpeg")) return;
      const port = await freeUdpPort();
      const server = await startPushing(t, `${scheme}://127.0.0.1:${port}`);
      const file = join(server.folder, "pictures");
      const receiver = Background.start(t, "gst-launch-1.0", [
        "-e",
        "udpsrc",
        "address=127.0.0.1",
        `port=${port}`,
        ...source,
        ...gstDecoding(file),
      ]);
      await untilReceiving(port);
      await publish(t, server);
      await new Promise((resolve) => setTimeout(resolve, (SECONDS + 1) * 1000));
      assert.ok(receiver.running, receiver.stderr);
      // Asks it to end in order: what is decoded is written.
      await receiver.kill("SIGINT");
      const pictures = statSync(file).size / PICTURE_BYTES;
      assert.ok(Number.isInteger(pictures) && pictures > (SECONDS - 1) * FPS, `${pictures} pictures`);
      assert.doesNotMatch(receiver.stderr, /ERROR|CRITICAL/);
    });
  }
});
