import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { compile, type NativeProgram } from "../compile.ts";
import { freeUdpPorts, hasProgram, type Program, start } from "../program.ts";
import { syntheticTs } from "../synthetic-ts.ts";
import {
  ACK,
  ACKACK,
  DATA,
  DROPREQ,
  FakeListener,
  type Heard,
  NAK,
  SHUTDOWN,
} from "./listener.test-support.ts";

const ANY_CORE = -1;
const PAYLOAD = 1316;
const RATE = 1_000_000;
let folder = "";
let media = "";
const stream = syntheticTs(RATE, 2);
const programs = new Map<NativeProgram, string>();
before(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-bench-test-"));
  media = join(folder, "feed.mpegts");
  writeFileSync(media, stream);
  if (!hasProgram("cc")) return;
  for (const name of ["srt-sink", "srt-feeder", "udp-feeder"] as const)
    programs.set(name, compile(name, folder));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Skips the test where nothing can be compiled. */
function run(t: TestContext, name: NativeProgram, words: readonly (string | number)[]): Program | undefined {
  const program = programs.get(name);
  if (program === undefined) t.skip("NO C COMPILER: the bench's SRT receivers and publishers are not tested");
  else return start(ANY_CORE, program, words.map(String));
  return undefined;
}

const sinkWords = (port: number, readers: number, times: { latencyMs: number; seconds: number }) =>
  ["127.0.0.1", port, 0, "#!::r=one,m=request", readers, times.latencyMs, 0.05, times.seconds] as const;

/** What the listener hears from a program, which must not end before. */
const hearing =
  (listener: FakeListener, program: Program) =>
  (wanted: (heard: Heard) => boolean): Promise<Heard> =>
    Promise.race([listener.next(wanted), program.ended]);

async function endOf(sink: Program): Promise<Record<string, number>> {
  return JSON.parse(await sink.line((line) => line.includes('"end"'))) as Record<string, number>;
}

const payload = (number: number) => stream.subarray(number * PAYLOAD, (number + 1) * PAYLOAD);
const wordAt = (heard: Heard, at: number) => heard.bytes.readUInt32BE(16 + at);

test("receivers acknowledge, report what is missing, and take it later", async (t) => {
  const listener = await FakeListener.open(t);
  await using sink = run(t, "srt-sink", sinkWords(listener.port, 2, { latencyMs: 10_000, seconds: 1 }));
  if (sink === undefined) return;
  const hear = hearing(listener, sink);
  const numbered = (number: number) => (heard: Heard) =>
    heard.type === ACK && wordAt(heard, 0) === listener.sequence(heard.from, number);
  while (listener.callers.size < 2) await hear(() => true);
  assert.deepEqual(
    [...listener.callers.values()].map((caller) => caller.streamId),
    ["#!::r=one,m=request", "#!::r=one,m=request"],
  );
  const [port = 0, other = 0] = listener.callers.keys();
  for (const to of [port, other]) listener.data(to, 0, payload(0));
  await sink.line((line) => line.includes('"start"'));
  for (const number of [1, 2, 5, 6, 8]) listener.data(port, number, payload(number));
  const range = await hear((heard) => heard.type === NAK);
  const [low, high] = [listener.sequence(port, 3), listener.sequence(port, 4)];
  assert.deepEqual([wordAt(range, 0), wordAt(range, 4)], [(low | 0x8000_0000) >>> 0, high]);
  const single = await hear((heard) => heard.type === NAK && heard.bytes.length === 20);
  assert.equal(wordAt(single, 0), listener.sequence(port, 7));
  const ack = await hear(numbered(3));
  assert.equal(ack.bytes.length, 16 + 28);
  assert.equal(ack.bytes.readUInt32BE(12), 1000 + port);
  listener.control(port, ACKACK, { info: ack.bytes.readUInt32BE(4) });
  for (const number of [4, 7, 3, 3]) listener.data(port, number, payload(number));
  await hear(numbered(9));
  const report = await endOf(sink);
  assert.equal(report["bytes"], 8 * PAYLOAD);
  assert.equal(report["leastBytes"], 0);
  assert.deepEqual(
    [report["missing"], report["recovered"], report["lost"], report["duplicates"], report["badSyncs"]],
    [3, 3, 0, 1, 0],
  );
  await listener.next((heard) => heard.type === SHUTDOWN);
});

test("what never comes is asked for again and then lost, at once when the sender says so", async (t) => {
  const listener = await FakeListener.open(t);
  await using sink = run(t, "srt-sink", sinkWords(listener.port, 1, { latencyMs: 300, seconds: 1 }));
  if (sink === undefined) return;
  const hear = hearing(listener, sink);
  await hear(() => listener.callers.size === 1);
  const [port = 0] = listener.callers.keys();
  listener.data(port, 0, payload(0));
  await sink.line((line) => line.includes('"start"'));
  // Number 2 never comes, 5 to 7 are dropped with 5 known to be missing, 10 is no media.
  for (const number of [1, 3, 4, 6]) listener.data(port, number, payload(number));
  listener.control(port, DROPREQ, { words: [listener.sequence(port, 5), listener.sequence(port, 7)] });
  listener.data(port, 8, payload(8));
  listener.data(port, 9, new Uint8Array(188 * 2));
  const asks = (heard: Heard) => heard.type === NAK && wordAt(heard, 0) === listener.sequence(port, 2);
  await hear(asks);
  await hear(asks);
  await hear((heard) => heard.type === ACK && wordAt(heard, 0) === listener.sequence(port, 10));
  const report = await endOf(sink);
  // 2, 5 and 7.
  assert.deepEqual([report["missing"], report["lost"], report["recovered"]], [3, 3, 0]);
  assert.equal(report["badSyncs"], 2);
});

test("a refusal ends receivers and publishers with its reason", async (t) => {
  const listener = await FakeListener.open(t, 1403);
  await using sink = run(t, "srt-sink", sinkWords(listener.port, 1, { latencyMs: 120, seconds: 1 }));
  if (sink === undefined) return;
  await assert.rejects(
    sink.line(() => false),
    /refused with 1403/,
  );
  await using feeder = run(t, "srt-feeder", ["127.0.0.1", listener.port, "x", media, RATE, 1, 120]);
  await assert.rejects(feeder?.line(() => false) ?? Promise.resolve(), /refused with 1403/);
});

test("publishers send at their rate, again what is missing, and nothing that is too old", async (t) => {
  const listener = await FakeListener.open(t);
  const words = ["127.0.0.1", listener.port, "#!::r=s%,m=publish", media, RATE, 2, 120];
  await using feeder = run(t, "srt-feeder", words);
  if (feeder === undefined) return;
  const hear = hearing(listener, feeder);
  await feeder.line((line) => line.includes('"feeding"'));
  assert.deepEqual(
    [...listener.callers.values()].map((caller) => caller.streamId),
    ["#!::r=s0,m=publish", "#!::r=s1,m=publish"],
  );
  const [port = 0] = listener.callers.keys();
  const dataOf = (number: number) => (heard: Heard) =>
    heard.type === DATA &&
    heard.from === port &&
    (heard.bytes.readUInt32BE(0) & 0x7fff_ffff) === listener.sequence(port, number);
  const third = await hear(dataOf(3));
  assert.deepEqual(new Uint8Array(third.bytes.subarray(16)), payload(3));
  const [low, high] = [listener.sequence(port, 2), listener.sequence(port, 3)];
  listener.control(port, NAK, { words: [low | 0x8000_0000, high] });
  const again = await hear(dataOf(3));
  // The bit of a packet sent again is all that differs.
  assert.equal(again.bytes.readUInt32BE(4), (third.bytes.readUInt32BE(4) | 0x0400_0000) >>> 0);
  assert.deepEqual(again.bytes.subarray(8), third.bytes.subarray(8));
  listener.control(port, ACK, { info: 77, words: [listener.sequence(port, 3), 100, 50, 8000, 0, 0, 0] });
  const answer = await hear((heard) => heard.type === ACKACK);
  assert.deepEqual([answer.from, answer.bytes.readUInt32BE(4)], [port, 77]);
  // Packets are 10.5 ms apart: the first is older than a second now.
  await hear(dataOf(105));
  listener.control(port, NAK, { words: [listener.sequence(port, 0)] });
  const dropped = await hear((heard) => heard.type === DROPREQ);
  assert.deepEqual([wordAt(dropped, 0), wordAt(dropped, 4)], Array(2).fill(listener.sequence(port, 0)));
  const report = JSON.parse(await feeder.line((line) => line.includes('"refusedAgain":1'))) as Record<
    string,
    number
  >;
  assert.deepEqual([report["lossReports"], report["reportedLost"], report["sentAgain"]], [2, 3, 2]);
  feeder.child.kill("SIGTERM");
  await listener.next((heard) => heard.type === SHUTDOWN);
});

test("the UDP feeder sends the stream to each port", async (t) => {
  const sockets = [createSocket("udp4"), createSocket("udp4")] as const;
  t.after(() => sockets.forEach((socket) => void socket.close()));
  const first = await freeUdpPorts(2);
  const got = sockets.map(
    (socket, i) =>
      new Promise<Buffer[]>((done) => {
        const all: Buffer[] = [];
        socket.on("message", (bytes) => all.push(bytes) === 20 && done(all));
        socket.bind(first + i, "127.0.0.1");
      }),
  );
  await Promise.all(sockets.map((socket) => new Promise((done) => socket.once("listening", done))));
  await using feeder = run(t, "udp-feeder", ["127.0.0.1", first, media, RATE, 2]);
  if (feeder === undefined) return;
  for (const packets of await Promise.all(got))
    assert.deepEqual(new Uint8Array(Buffer.concat(packets)), stream.slice(0, 20 * PAYLOAD));
});

test("both are peers of srt-live-transmit", async (t) => {
  if (!hasProgram("srt-live-transmit"))
    return t.skip("NO srt-live-transmit: the bench's SRT is not tried against libsrt");
  const first = await freeUdpPorts(2);
  const uri = (port: number) => `srt://127.0.0.1:${port}?mode=listener&latency=120`;
  await using _relay = start(ANY_CORE, "srt-live-transmit", ["-q", uri(first), uri(first + 1)]);
  await using feeder = run(t, "srt-feeder", ["127.0.0.1", first, "in", media, RATE, 1, 120]);
  await using sink = run(t, "srt-sink", sinkWords(first + 1, 1, { latencyMs: 120, seconds: 0.5 }));
  if (feeder === undefined || sink === undefined) return;
  const report = await endOf(sink);
  assert.ok((report["bytes"] ?? 0) > 10 * PAYLOAD, `${report["bytes"]} bytes`);
  assert.deepEqual([report["lost"], report["badSyncs"], report["closed"]], [0, 0, 0]);
});
