import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { pseudoRandom } from "../e2e/kit/live.ts";
import { until } from "../e2e/kit/server.ts";
import { DelayLine } from "./kit/delay-line.ts";
import type { Impairment } from "./kit/impairment.ts";
import { LossyRelay } from "./kit/lossy-relay.ts";

async function openSocket(t: TestContext): Promise<{ socket: Socket; port: number; got: number[] }> {
  const socket = createSocket("udp4");
  const got: number[] = [];
  socket.on("message", (message) => got.push(message.readUInt16BE(0)));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  t.after(() => void socket.close());
  return { socket, port: socket.address().port, got };
}

function numbered(number: number): Buffer {
  const bytes = Buffer.alloc(100);
  bytes.writeUInt16BE(number);
  return bytes;
}

test("a relay passes both ways, and keeps clients apart", async (t) => {
  const target = await openSocket(t);
  target.socket.on("message", (message, from) => target.socket.send(message, from.port, from.address));
  const relay = await LossyRelay.start(t, { target: target.port });
  const clients = [await openSocket(t), await openSocket(t)];
  for (const [i, { socket }] of clients.entries()) socket.send(numbered(i + 1), relay.port, "127.0.0.1");
  for (const [i, { got }] of clients.entries()) {
    await until(`the echo of client ${i}`, 3000, () => got.length > 0 || undefined);
    assert.deepEqual(got, [i + 1]);
  }
  assert.deepEqual([relay.forward.passed, relay.back.passed, relay.forward.bytes], [2, 2, 200]);
});

test("a cut relay passes nothing until it is mended, a filter decides for itself", async (t) => {
  const target = await openSocket(t);
  const relay = await LossyRelay.start(t, {
    target: target.port,
    filter: (datagram) => ((datagram[1] as number) & 1) === 0,
  });
  const { socket } = await openSocket(t);
  const send = (number: number): void => socket.send(numbered(number), relay.port, "127.0.0.1");
  const seen = async (number: number): Promise<void> => {
    send(number);
    await until(`number ${number}`, 3000, () => target.got.includes(number) || undefined);
  };
  send(1);
  await seen(2);
  relay.cut();
  send(4);
  // Two lost: the filter's and this one.
  await until("it to be lost", 3000, () => relay.forward.lost === 2 || undefined);
  relay.mend();
  await seen(6);
  assert.deepEqual(target.got, [2, 6]);
});

/** What comes out of a direction for datagrams that all enter at once, as numbers in order. */
async function through(
  impairment: Impairment,
  count: number,
  seed = 7,
): Promise<{ out: number[]; line: DelayLine }> {
  const line = new DelayLine(impairment, pseudoRandom(seed));
  const out: number[] = [];
  for (let i = 0; i < count; i++) line.push(1000, () => out.push(i));
  const { lost, dropped, duplicated } = line.counters;
  await until("all of them", 5000, () => out.length === count - lost - dropped + duplicated || undefined);
  assert.equal(line.counters.passed, out.length);
  return { out, line };
}

const sorted = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => a - b);

test("a direction loses as often as it is told, and the same again with the same seed", async () => {
  const [first, again, other] = [
    await through({ lossPercent: 20 }, 5000),
    await through({ lossPercent: 20, delayMs: 2 }, 5000),
    await through({ lossPercent: 20 }, 5000, 8),
  ];
  assert.ok(Math.abs(first.line.counters.lost - 1000) < 120, `${first.line.counters.lost} lost`);
  assert.deepEqual(again.out, first.out);
  assert.notDeepEqual(other.out, first.out);
});

test("a direction loses in runs", async () => {
  const { line, out } = await through({ burst: { lossPercent: 10, packets: 4 } }, 20_000);
  const { lost } = line.counters;
  assert.ok(Math.abs(lost - 2000) < 400, `${lost} lost`);
  let runs = 0;
  for (let i = 1; i < out.length; i++) if ((out[i] as number) > (out[i - 1] as number) + 1) runs++;
  assert.ok(Math.abs(lost / runs - 4) < 1, `runs of ${lost / runs}`);
});

test("a direction doubles", async () => {
  const { out, line } = await through({ duplicatePercent: 10 }, 1000);
  assert.ok(line.counters.duplicated > 50);
  assert.equal(new Set(out).size, 1000);
  assert.deepEqual(out, sorted(out));
});

test("a direction keeps order under jitter, unless it is told otherwise", async () => {
  const kept = await through({ delayMs: 10, jitterMs: 10 }, 300);
  assert.deepEqual(kept.out, sorted(kept.out));
  const loose = await through({ delayMs: 10, jitterMs: 10, jitterReorders: true }, 300);
  assert.notDeepEqual(loose.out, sorted(loose.out));
  const held = await through({ reorderPercent: 10, reorderMs: 10 }, 300);
  const { heldBack } = held.line.counters;
  assert.deepEqual(held.out.slice(0, 300 - heldBack), sorted(held.out.slice(0, 300 - heldBack)));
  assert.ok(heldBack > 10 && (held.out.at(-1) as number) < 300);
});

test("a bottleneck takes its time, and has room for so many", async () => {
  const startMs = performance.now();
  const { line } = await through({ bitsPerSecond: 8_224_000, queuePackets: 50 }, 100);
  // 1028 bytes a millisecond: one passes, fifty wait.
  const { dropped } = line.counters;
  assert.ok(dropped > 0 && dropped <= 49, `${dropped} dropped`);
  assert.ok(performance.now() - startMs >= 50);
});
