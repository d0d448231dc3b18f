import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { publishHttp, readHttp } from "../e2e/kit/capture.ts";
import { needs, run } from "../e2e/kit/programs.ts";
import { freeUdpPort, until } from "../e2e/kit/server.ts";
import { LossyRelay } from "../netem/kit/lossy-relay.ts";
import { Background } from "./kit/background.ts";
import { untilReceiving } from "./kit/bound.ts";
import { encodeFile, FPS, startEncoder } from "./kit/encoder.ts";
import { assertPasses } from "./kit/srt-media.ts";
import { PipedProgram } from "./kit/srt-piped.ts";
import { srtLiveTransmit } from "./kit/srt-programs.ts";
import { SrtServer } from "./kit/srt-server.ts";
import { SrtWatch } from "./kit/srt-watch.ts";
import { complaintsIn, watch } from "./kit/viewer.ts";

const LATENCY_MS = 400;
const PASSPHRASE = "correct-horse-battery";
const BYTES = 300_000;
const CHILD = fileURLToPath(new URL("./kit/ffmpeg8-child.ts", import.meta.url));
const H264_AAC = { video: "h264", audio: "aac" } as const;

let srt: SrtServer;
const stops: (() => Promise<unknown>)[] = [];

before(async () => {
  srt = await SrtServer.start(
    { after: (stop) => stops.push(stop) },
    {
      clear: `latency=${LATENCY_MS}`,
      secret: `latency=${LATENCY_MS} passphrase=${PASSPHRASE}`,
    },
  );
});

after(async () => {
  const { errors } = srt;
  for (const stop of stops) await stop();
  assert.deepEqual(errors, []);
});

const seen =
  (watch: SrtWatch) =>
  (datagram: Uint8Array): boolean => {
    watch.see(datagram);
    return true;
  };

const says =
  (program: PipedProgram): (() => string) =>
  () =>
    `${program.program} said: ${program.said.slice(-2000)}`;

describe("rendezvous with srt-live-transmit", { concurrency: 2 }, () => {
  // Two addresses of loopback: both sides of a rendezvous use the same port.
  const url = (port: number): string =>
    `srt://127.0.0.2:${port}?mode=rendezvous&adapter=127.0.0.1&latency=${LATENCY_MS}`;
  const theirs = (port: number): string =>
    `srt://127.0.0.1:${port}?mode=rendezvous&adapter=127.0.0.2&latency=${LATENCY_MS}`;

  for (const [name, crypto] of [
    ["clear", ""],
    ["AES-256", `&passphrase=${PASSPHRASE}&pbkeylen=32`],
  ] as const) {
    test(`it sends, ${name}`, async (t) => {
      if (!needs(t, "srt-live-transmit")) return;
      const port = await freeUdpPort();
      const stream = `meet-in-${name}`;
      await srt.add(stream, `input ${url(port)}${crypto};`);
      const viewer = await readHttp(srt.server.url(`/${stream}/mpegts`));
      t.after(() => viewer.close());
      const args = ["-chunk:1316", "-loglevel:error", "file://con", theirs(port) + crypto];
      const program = PipedProgram.start(t, "srt-live-transmit", args);
      await srt.input(stream);
      const write = (bytes: Buffer): void => program.write(bytes);
      await assertPasses(t, { write, got: () => viewer.bytes(), bytes: BYTES, explain: says(program) });
    });

    test(`it receives, ${name}`, async (t) => {
      if (!needs(t, "srt-live-transmit")) return;
      const port = await freeUdpPort();
      const stream = `meet-out-${name}`;
      await srt.add(stream, `publish_enabled; push ${url(port)}${crypto};`);
      const args = ["-loglevel:error", theirs(port) + crypto, "file://con"];
      const program = PipedProgram.start(t, "srt-live-transmit", args);
      const publisher = publishHttp(srt.server.url(`/${stream}/mpegts`));
      t.after(() => publisher.kill());
      await srt.push(stream);
      const write = (bytes: Buffer): void => publisher.write(bytes);
      await assertPasses(t, { write, got: () => program.output, bytes: BYTES, explain: says(program) });
    });
  }
});

interface Refusal {
  readonly name: string;
  readonly streamId: string;
  readonly listener?: "secret";
  readonly passphrase?: string;
  /** What goes over the wire. */
  readonly code: number;
  /** What the program makes of it. */
  readonly says: RegExp;
}

const APPLICATION = /Application-defined rejection reason/;

const REFUSALS: readonly Refusal[] = [
  { name: "a stream that is not there", streamId: "#!::r=nowhere,m=request", code: 2404, says: APPLICATION },
  {
    name: "a stream that nobody may publish",
    streamId: "#!::r=closed,m=publish",
    code: 2403,
    says: APPLICATION,
  },
  { name: "no stream-ID", streamId: "", code: 2400, says: APPLICATION },
  { name: "a mode that there is not", streamId: "#!::r=open,m=dance", code: 2405, says: APPLICATION },
  {
    name: "another passphrase",
    streamId: "#!::r=open,m=request",
    listener: "secret",
    passphrase: "wrong-horse-battery",
    code: 1010,
    says: /[Ii]ncorrect passphrase|wrong passphrase/,
  },
  {
    name: "no passphrase",
    streamId: "#!::r=open,m=request",
    listener: "secret",
    code: 1011,
    says: /Password required or unexpected/,
  },
  {
    name: "a passphrase too many",
    streamId: "#!::r=open,m=request",
    passphrase: PASSPHRASE,
    code: 1011,
    says: /Password required or unexpected/,
  },
];

describe("what srt-live-transmit is refused, and what it is told", { concurrency: 3 }, () => {
  before(async () => {
    await srt.add("open", "publish_enabled;");
    await srt.add("closed", "input udp://127.0.0.1:9;");
  });

  for (const { name, streamId, listener = "clear", passphrase, code, says: expected } of REFUSALS) {
    test(name, async (t) => {
      if (!needs(t, "srt-live-transmit")) return;
      const watch = new SrtWatch();
      const relay = await LossyRelay.start(t, { target: srt.ports[listener] as number, filter: seen(watch) });
      const program = srtLiveTransmit.play(t, {
        mode: "caller",
        port: relay.port,
        latencyMs: LATENCY_MS,
        ...(streamId === "" ? {} : { streamId }),
        ...(passphrase === undefined ? {} : { passphrase }),
        loglevel: "warn",
      });
      await until("the refusal", 5000, () => expected.test(program.said) || undefined).catch((error: Error) =>
        assert.fail(`${error.message}; ${[...watch.rejections]}; ${says(program)()}`),
      );
      assert.deepEqual([...watch.rejections], [code]);
      assert.equal(program.outputBytes, 0);
    });
  }

  test("a second publisher, while the first goes on", async (t) => {
    if (!needs(t, "srt-live-transmit")) return;
    await srt.add("taken", "publish_enabled;");
    const streamId = "#!::r=taken,m=publish";
    const port = srt.ports["clear"] as number;
    const viewer = await readHttp(srt.server.url("/taken/mpegts"));
    t.after(() => viewer.close());
    const first = srtLiveTransmit.publish(t, { mode: "caller", port, latencyMs: LATENCY_MS, streamId }, "");
    await srt.session("taken", "publish");
    const watch = new SrtWatch();
    const relay = await LossyRelay.start(t, { target: port, filter: seen(watch) });
    const peer = { mode: "caller", port: relay.port, latencyMs: LATENCY_MS, streamId } as const;
    const second = srtLiveTransmit.publish(t, peer, "");
    await until("the refusal", 5000, () => watch.rejections.size > 0 || undefined);
    assert.deepEqual([...watch.rejections], [2409]);
    await second.kill();
    const write = (bytes: Buffer): void => first.write(bytes);
    await assertPasses(t, { write, got: () => viewer.bytes(), bytes: BYTES, explain: says(first) });
  });
});

test("srt-live-transmit refuses the server's passphrase, and the server says so", async (t) => {
  if (!needs(t, "srt-live-transmit")) return;
  const port = await freeUdpPort();
  const peer = { mode: "listener", port, latencyMs: LATENCY_MS, passphrase: PASSPHRASE } as const;
  srtLiveTransmit.publish(t, peer, "");
  await untilReceiving(port);
  await srt.add("wrong", `input srt://127.0.0.1:${port}?passphrase=wrong-horse-battery;`);
  const error = await until(
    "the reason",
    8000,
    async () => (await srt.server.stream("wrong")).inputs[0]?.lastError,
  );
  assert.match(error, /1010/);
});

test("ffmpeg publishes as OBS does, and is watched over HTTP", async (t) => {
  if (!needs(t, "ffmpeg")) return;
  await srt.add("studio", "publish_enabled;");
  const url = `srt://127.0.0.1:${srt.ports["clear"]}?streamid=publish:studio&latency=400000&pkt_size=1316`;
  const encoder = startEncoder(t, H264_AAC, { url });
  await srt.session("studio", "publish");
  const { codecs, video, complaints } = await watch(srt.server.url("/studio/mpegts"), { seconds: 3 });
  assert.deepEqual(codecs, ["h264", "aac"]);
  assert.deepEqual(complaints, []);
  assert.ok(Math.abs(video.length - 3 * FPS) <= 1, `${video.length} pictures`);
  assert.ok(encoder.running, encoder.stderr);
});

async function hasFfmpeg8(t: TestContext): Promise<boolean> {
  try {
    await import("node-av/lib");
    return true;
  } catch {
    t.skip("package missing: node-av");
    return false;
  }
}

test("FFmpeg 8 publishes and plays", async (t) => {
  if (!needs(t, "ffmpeg") || !(await hasFfmpeg8(t))) return;
  await srt.add("eight", "publish_enabled;");
  const file = join(srt.server.folder, "eight.mpegts");
  await encodeFile(file, H264_AAC, 20);
  const url = (mode: string): string =>
    `srt://127.0.0.1:${srt.ports["secret"]}?streamid=${mode}:eight&passphrase=${PASSPHRASE}&latency=400000`;
  const publisher = Background.start(t, process.execPath, [CHILD, "publish", file, url("publish")]);
  await srt.session("eight", "publish").catch((error: Error) => {
    throw new Error(`${error.message}: ${publisher.stderr}`);
  });
  const { status, stdout, stderr } = await run(process.execPath, [CHILD, "play", url("play"), "3"], 14_000);
  assert.equal(status, 0, stderr);
  const decoders = JSON.parse(stdout) as { name: string; decoded: number; failed: number }[];
  assert.deepEqual(
    decoders.map(({ name, failed }) => [name, failed]),
    [
      ["h264", 0],
      ["aac", 0],
    ],
  );
  const [video] = decoders;
  assert.ok(video !== undefined && Math.abs(video.decoded - 3 * FPS) < 12, `${video?.decoded} pictures`);
  assert.ok(publisher.running, publisher.stderr);
  assert.deepEqual(complaintsIn(publisher.stderr), []);
});
