import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { SourceContext, StreamWriter } from "@millrace/engine";
import { type InputConfig, type Options, PCR_HZ } from "@millrace/model";
import { AVMEDIA_TYPE_AUDIO, AVMEDIA_TYPE_VIDEO } from "node-av/constants";
import { Codec, CodecContext, FormatContext, Frame, Packet } from "node-av/lib";
import { fake } from "./index.ts";
import { LOOP_ASSET, LOOP_SECONDS } from "./loop-asset.ts";
import { TsLoop } from "./ts-loop.ts";

/** Processes that run the encoder for this test process or are orphans of it. */
function encoders(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(`encoder-child.ts\0{"width":322`);
      } catch {
        return false;
      }
    });
}

/** Runs the source with an unusual size, by which its process is found, and keeps what it delivers. */
async function record(options: Options, milliseconds: number) {
  const parts: Uint8Array[] = [];
  const arrivals: number[] = [];
  const messages: string[] = [];
  const into = {
    ts(bytes: Uint8Array) {
      parts.push(bytes.slice());
      arrivals.push(performance.now());
    },
  } as unknown as StreamWriter;
  const context = {
    clock: { nowNs: () => performance.now() * 1e6, wallMs: Date.now },
    log: { info: (message: string) => messages.push(message) },
  } as unknown as SourceContext;
  const input: InputConfig = {
    url: "fake://clock",
    scheme: "fake",
    priority: 1,
    sourceTimeoutMs: 10_000,
    options: { size: "322x182", ...options },
  };
  const abort = new AbortController();
  const running = fake.pull?.(input, context).run(into, abort.signal);
  await Promise.race([running, sleep(milliseconds)]);
  const during = encoders();
  abort.abort();
  await running;
  return { bytes: Buffer.concat(parts), arrivals, messages, during, after: encoders() };
}

interface Decoded {
  readonly codec: string;
  readonly pts: number[];
  readonly keys: number[];
  frames: number;
}

/** Demultiplexes and decodes with FFmpeg; timestamps in seconds. */
function decode(bytes: Uint8Array): Decoded[] {
  const file = join(tmpdir(), `millrace-fake-${process.pid}.mpegts`);
  writeFileSync(file, bytes);
  const format = new FormatContext();
  assert.ok(format.openInputSync(file) >= 0);
  assert.ok(format.findStreamInfoSync() >= 0);
  const tracks = format.streams.map((stream) => {
    const codec = Codec.findDecoder(stream.codecpar.codecId);
    assert.ok(codec);
    const decoder = new CodecContext();
    decoder.allocContext3(codec);
    decoder.parametersToContext(stream.codecpar);
    assert.ok(decoder.open2Sync(codec) >= 0);
    return { stream, decoder, codec: codec.name ?? "", pts: [] as number[], keys: [] as number[], frames: 0 };
  });
  const packet = new Packet();
  packet.alloc();
  const frame = new Frame();
  frame.alloc();
  while (format.readFrameSync(packet) >= 0) {
    const track = tracks[packet.streamIndex];
    assert.ok(track);
    const at = Number(packet.pts) / 90_000;
    track.pts.push(at);
    if (packet.isKeyframe && track.stream.codecpar.codecType === AVMEDIA_TYPE_VIDEO) track.keys.push(at);
    assert.ok(track.decoder.sendPacketSync(packet) >= 0, `${track.codec} at ${at} s decodes`);
    while (track.decoder.receiveFrameSync(frame) >= 0) track.frames++;
    packet.unref();
  }
  for (const { stream } of tracks) {
    assert.ok([AVMEDIA_TYPE_VIDEO, AVMEDIA_TYPE_AUDIO].includes(stream.codecpar.codecType));
  }
  format.closeInputSync();
  rmSync(file);
  return tracks;
}

const gaps = (times: readonly number[]): number[] =>
  times.slice(1).map((time, i) => Math.round((time - (times[i] as number)) * 1e4) / 1e4);

test("encodes the clock in real time and leaves no process", async (t) => {
  const { bytes, arrivals, during, after } = await record({ fps: 20, gop: 10 }, 2500);
  assert.equal(during.length, 1);
  assert.deepEqual(after, []);
  const whole = bytes.subarray(0, bytes.length - (bytes.length % 188));
  const [video, audio] = decode(whole);
  assert.ok(video && audio);
  assert.equal(video.codec, "h264");
  assert.equal(audio.codec, "aac");
  // The demultiplexer holds back the frames that end with the file.
  assert.ok(video.frames >= video.pts.length - 1 && video.frames > 30, `${video.frames} frames`);
  assert.ok(audio.frames >= audio.pts.length - 1 && audio.frames > 70, `${audio.frames} audio frames`);
  assert.deepEqual([...new Set(gaps(video.pts))], [0.05]);
  assert.ok(gaps(audio.pts).every((gap) => Math.abs(gap - 1024 / 48_000) < 2e-4));
  assert.deepEqual([...new Set(gaps(video.keys.slice(1)))], [0.5]);
  const mediaMs = (video.pts.length - 1) * 50;
  const realMs = (arrivals.at(-1) as number) - (arrivals[0] as number);
  assert.ok(Math.abs(mediaMs - realMs) < 300, `${mediaMs} ms of media in ${realMs} ms`);

  await t.test("ffprobe agrees", (t) => {
    if (spawnSync("ffprobe", ["-version"]).error) return t.skip("ffprobe is missing");
    const entries = "stream=codec_name,profile,width,height,has_b_frames,r_frame_rate,sample_rate,channels";
    const args = ["-v", "error", "-of", "csv=p=0", "-show_entries", entries, "-"];
    const { stdout } = spawnSync("ffprobe", args, { input: whole, encoding: "utf8" });
    const streams = stdout.split("\n");
    assert.ok(streams.includes("h264,Main,322,182,0,20/1"), stdout);
    assert.ok(streams.includes("aac,LC,48000,2,0/0"), stdout);
  });
});

test("an encoder that dies is reported with its last words", async () => {
  const reported = assert.rejects(record({}, 4000), { code: "encoder-died", message: /SIGKILL/ });
  while (encoders().length === 0) await sleep(20);
  process.kill(encoders()[0] as number, "SIGKILL");
  await reported;
});

test("the encoder does not outlive a server that is killed", async () => {
  const script = `
    import { runEncoderProcess } from ${JSON.stringify(import.meta.resolve("./encoder-process.ts"))};
    import { readSettings } from ${JSON.stringify(import.meta.resolve("./config.ts"))};
    const settings = readSettings({ url: "fake://clock", options: { size: "322x182" } });
    runEncoderProcess(settings, { ts: () => process.stdout.write(".") }, new AbortController().signal);`;
  const server = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve) => server.stdout.once("data", resolve));
  assert.equal(encoders().length, 1);
  server.kill("SIGKILL");
  for (let i = 0; i < 100 && encoders().length > 0; i++) await sleep(30);
  assert.deepEqual(encoders(), []);
});

test("the loop decodes over its seam as if there were none", () => {
  const loop = new TsLoop(readFileSync(LOOP_ASSET), LOOP_SECONDS * PCR_HZ);
  const parts: Uint8Array[] = [];
  while (loop.dueAt < 2 * LOOP_SECONDS * PCR_HZ) parts.push(loop.next());
  const [video, audio] = decode(Buffer.concat(parts));
  assert.ok(video && audio);
  assert.deepEqual([...new Set(gaps(video.pts))], [0.04]);
  assert.deepEqual([...new Set(gaps(video.keys))], [1]);
  assert.ok(gaps(audio.pts).every((gap) => Math.abs(gap - 1024 / 48_000) < 2e-4));
  assert.ok(video.frames >= 2 * LOOP_SECONDS * 25 - 1);
  assert.ok(audio.frames >= (2 * LOOP_SECONDS * 48_000) / 1024 - 1);
});

test("without node-av the loop is played", async () => {
  const block = `import { registerHooks } from "node:module";
    registerHooks({ resolve(name, context, next) {
      if (name.startsWith("node-av")) throw new Error("Cannot find package " + name);
      return next(name, context);
    } });`;
  process.env["NODE_OPTIONS"] = `--import=data:text/javascript,${encodeURIComponent(block)}`;
  try {
    const { bytes, messages, during } = await record({}, 1200);
    assert.deepEqual(during, []);
    assert.match(messages.join(), /node-av is not installed/);
    const [video, audio] = decode(bytes);
    assert.ok(video && audio && video.frames > 10 && audio.frames > 20);
    assert.ok(bytes.length < 200_000, `${bytes.length} bytes in real time`);
  } finally {
    delete process.env["NODE_OPTIONS"];
  }
});
