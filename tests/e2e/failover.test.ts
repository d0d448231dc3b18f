import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { type TestContext, test } from "node:test";
import { PACKET, readHttp } from "./kit/capture.ts";
import { TsGenerator } from "./kit/generator.ts";
import { freePort, TestServer, until } from "./kit/server.ts";
import { continuityErrors, timestampsOf } from "./kit/ts-check.ts";

/** Sends a generated stream over UDP in real time until stopped. */
function startSender(t: TestContext, options: { port: number; mark: number; startTicks: number }) {
  const generator = new TsGenerator({ bitrate: 1_000_000, ...options });
  const socket = createSocket("udp4");
  const send = (): void => {
    const frame = generator.nextFrame();
    for (let at = 0; at < frame.length; at += 7 * PACKET) {
      socket.send(frame.subarray(at, Math.min(at + 7 * PACKET, frame.length)), options.port, "127.0.0.1");
    }
  };
  const timer = setInterval(send, 40);
  let stopped = false;
  const stop = (): void => {
    if (stopped) return;
    stopped = true;
    clearInterval(timer);
    socket.close();
  };
  t.after(stop);
  return { stop };
}

/** Whether packets with this filler came after byte `from`. */
function saw(bytes: Buffer, mark: number, from: number): boolean {
  for (let at = from - (from % PACKET); at + PACKET <= bytes.length; at += PACKET) {
    if (bytes[at + PACKET - 1] === mark) return true;
  }
  return false;
}

test("two inputs, the first killed and brought back: viewers stay, and the picture comes back each time", async (t) => {
  const [one, two] = [await freePort(), await freePort()];
  const server = await TestServer.start(
    t,
    `stream tv {
       input udp://127.0.0.1:${one} source_timeout=2;
       input udp://127.0.0.1:${two};
     }`,
  );
  const first = startSender(t, { port: one, mark: 0x11, startTicks: 90_000 });
  startSender(t, { port: two, mark: 0x22, startTicks: 700_000_000 });
  const viewer = await readHttp(server.url("/tv/mpegts"));
  await until("the first input", 5000, () => saw(viewer.bytes(), 0x11, 0) || undefined);
  first.stop();
  const killed = Date.now();
  const lengthThen = viewer.bytes().length;
  await until("the second input", 6000, () => saw(viewer.bytes(), 0x22, lengthThen) || undefined);
  const gapMs = Date.now() - killed;
  // The time-out is 2 s; a second is left for the first key frame of the other input, and a little for a busy machine.
  t.diagnostic(`picture back ${gapMs} ms after the kill (time-out 2000 ms)`);
  assert.ok(!viewer.ended);
  startSender(t, { port: one, mark: 0x33, startTicks: 30_000_000 });
  const lengthNow = viewer.bytes().length;
  await until("the first input again", 15_000, () => saw(viewer.bytes(), 0x33, lengthNow) || undefined);
  await until("the second input to stop", 3000, async () => {
    return (await server.stream("tv")).inputs[1]?.state === "idle" || undefined;
  });
  const length = viewer.bytes().length;
  await until("a little more", 3000, () => viewer.bytes().length > length + 100_000 || undefined);
  assert.ok(!viewer.ended, "the same connection all the time");
  const bytes = viewer.bytes();
  assert.deepEqual(continuityErrors(bytes), []);
  const stamps = timestampsOf(bytes, 0x101);
  for (let i = 1; i < stamps.length; i++) {
    const step = (stamps[i] as number) - (stamps[i - 1] as number);
    assert.ok(step > 0 && step < 5 * 90_000, `DTS step ${step} at frame ${i}`);
  }
  const info = await server.stream("tv");
  assert.equal(info.switches, 2);
  const playlist = await (await fetch(server.url("/tv/mono.m3u8"))).text();
  assert.match(playlist, /#EXT-X-DISCONTINUITY|#EXT-X-DISCONTINUITY-SEQUENCE:[1-9]/);
});
