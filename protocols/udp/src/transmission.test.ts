import assert from "node:assert/strict";
import { afterEach, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Sink } from "@millrace/engine";
import type { Options } from "@millrace/model";
import { hasPcr, PACKET_SIZE, PID_NULL, pcrDiff, pcrOf, pidOf } from "@millrace/mpegts";
import { RtpPacket } from "@millrace/rtp";
import {
  countedTs,
  eventually,
  freeUdpPort,
  realClock,
  TestLane,
  testContext,
  withoutNulls,
} from "../../../tests/contract/index.ts";
import { udp } from "./index.ts";
import { TestReceiver } from "./testing/receiver.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

interface Push {
  readonly sink: Sink;
  readonly receiver: TestReceiver;
  readonly lane: TestLane;
}

async function push(scheme: string, options: Options): Promise<Push> {
  const receiver = await TestReceiver.open();
  const lane = new TestLane();
  const url = `${scheme}://127.0.0.1:${receiver.port}`;
  const sink = udp.push?.({ url, scheme, options }, testContext());
  assert.ok(sink !== undefined);
  const abort = new AbortController();
  const run = sink.run(lane.read(), abort.signal);
  cleanups.push(async () => {
    abort.abort();
    await run;
    await receiver.close();
  });
  await sleep(30);
  return { sink, receiver, lane };
}

/** Feeds a stream of 2 Mbit/s in real time, in pieces as they come from a network. */
async function feed(lane: TestLane, milliseconds: number): Promise<Uint8Array> {
  const bitrate = 2_000_000;
  const all = countedTs(Math.ceil(((milliseconds / 1000) * bitrate) / (8 * PACKET_SIZE)), { bitrate });
  const started = realClock.nowNs();
  for (let sent = 0; sent < all.length; ) {
    await sleep(10);
    const due =
      Math.floor((((realClock.nowNs() - started) / 1e9) * bitrate) / (8 * PACKET_SIZE)) * PACKET_SIZE;
    const upTo = Math.min(due, all.length);
    if (upTo > sent) lane.write(all.subarray(sent, upTo), "key");
    sent = Math.max(sent, upTo);
  }
  return all;
}

suite("udp push", () => {
  test("cbr: the rate is constant, every PCR is exact and none is late", async () => {
    const bitrate = 6_000_000;
    const { sink, receiver, lane } = await push("udp", { cbr: bitrate, pcr: 20 });
    const fed = await feed(lane, 1800);
    const sent = receiver.bytes();
    const content = withoutNulls(fed);
    const carried = withoutNulls(sent);
    assert.ok(carried.length > 0.5 * content.length, `${carried.length} of ${content.length} bytes`);
    const pcrs: [at: number, value: number][] = [];
    for (let at = 0; at < sent.length; at += PACKET_SIZE) {
      if (pidOf(sent, at) !== PID_NULL && hasPcr(sent, at)) pcrs.push([at, pcrOf(sent, at)]);
    }
    const steps = pcrs.slice(1).map(([at, value], i) => {
      const [fromAt, from] = pcrs[i] as [number, number];
      return { ticks: pcrDiff(from, value), exact: ((at - fromAt) * 8 * 27_000_000) / bitrate };
    });
    assert.ok(steps.length > 60, `${steps.length} PCR intervals`);
    assert.ok(Math.max(...steps.map(({ ticks }) => ticks)) <= 20 * 27_000, "intervals of 20 ms at most");
    // ±500 ns (ISO/IEC 13818-1 §2.4.2.1) are ±13.5 ticks.
    assert.ok(Math.max(...steps.map(({ ticks, exact }) => Math.abs(ticks - exact))) <= 13.5);
    const shown = sink.describe?.() ?? {};
    assert.equal(shown["overflow"], 0);
    assert.ok((shown["nullPackets"] as number) > 0.5 * (shown["packets"] as number));
    // Long-term rate: what was sent between the first and the last datagram.
    const [first = 0] = receiver.arrivals;
    const last = receiver.arrivals.at(-1) ?? 0;
    const measured = ((receiver.length - 1316) * 8 * 1000) / (last - first);
    assert.ok(Math.abs(measured / bitrate - 1) < 0.02, `${measured} bits a second`);
  });

  test("rtp: headers count up and tell the time", async () => {
    const { receiver, lane } = await push("rtp", { latency: 40 });
    await feed(lane, 300);
    await eventually(() => receiver.datagrams.length > 20);
    const packet = new RtpPacket();
    let last: { sequence: number; timestamp: number; ssrc: number } | undefined;
    for (const [i, datagram] of receiver.datagrams.entries()) {
      assert.ok(packet.parse(datagram, 0, datagram.length));
      const { sequence, timestamp, ssrc, payloadType, payloadStart } = packet;
      assert.equal(payloadType, 33);
      assert.equal(payloadStart, 12);
      if (last !== undefined) {
        assert.equal(sequence, (last.sequence + 1) & 0xffff);
        assert.equal(ssrc, last.ssrc);
        const step = ((timestamp - last.timestamp) | 0) / 90;
        const arrived = (receiver.arrivals[i] as number) - (receiver.arrivals[i - 1] as number);
        assert.ok(step >= 0 && step < arrived + 50, `${step} ms by the time stamp, ${arrived} ms in fact`);
      }
      last = { sequence, timestamp, ssrc };
    }
  });

  test("datagrams hold seven packets, or as many as asked for", async () => {
    for (const [options, size] of [
      [{}, 1316],
      [{ pkt_size: 188 * 3 }, 564],
    ] as const) {
      const { receiver, lane } = await push("udp", { latency: 40, ...options });
      await feed(lane, 200);
      await eventually(() => receiver.datagrams.length > 15);
      const full = receiver.datagrams.filter(({ length }) => length === size).length;
      assert.ok(full >= receiver.datagrams.length - 2, `${full} of ${receiver.datagrams.length}`);
    }
  });

  test("even pacing: a burst in the lane leaves as an even flow", async () => {
    const { receiver, lane } = await push("udp", { latency: 150 });
    const bytes = countedTs(1400, { bitrate: 4_000_000 });
    // 527 ms of media in four pieces of 132 ms.
    for (let i = 0; i < 4; i++) {
      lane.write(bytes.subarray(i * 350 * PACKET_SIZE, (i + 1) * 350 * PACKET_SIZE), "key");
      await sleep(130);
    }
    await eventually(() => receiver.datagrams.length >= 150);
    const gaps = receiver.arrivals.slice(1).map((at, i) => at - (receiver.arrivals[i] as number));
    const together = gaps.filter((gap) => gap < 0.3).length;
    assert.ok(together < gaps.length / 2, `${together} of ${gaps.length} datagrams right behind another`);
    const [first = 0] = receiver.arrivals;
    const tookMs = (receiver.arrivals[149] as number) - first;
    assert.ok(tookMs > 280, `150 datagrams (395 ms) in ${tookMs} ms`);
  });

  test("nobody listens: it is counted and sending goes on", async () => {
    const port = await freeUdpPort();
    const url = `udp://127.0.0.1:${port}`;
    const lane = new TestLane();
    const sink = udp.push?.({ url, scheme: "udp", options: { pacing: "off" } }, testContext());
    assert.ok(sink !== undefined);
    const abort = new AbortController();
    const run = sink.run(lane.read(), abort.signal);
    await sleep(30);
    await feed(lane, 200);
    const shown = sink.describe?.() ?? {};
    assert.ok(
      (shown["sendErrors"] as number) > 0 && (shown["datagrams"] as number) > 20,
      JSON.stringify(shown),
    );
    abort.abort();
    await run;
  });
});
