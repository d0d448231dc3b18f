import assert from "node:assert/strict";
import { test } from "node:test";
import { concat } from "@millrace/bytes";
import { PCR_WRAP } from "@millrace/model";
import { AF_DISCONTINUITY, hasPcr, PACKET_SIZE, pcrOf, pidOf, writeNull, writePcrPacket } from "../packet.ts";
import { alignedPackets, fixture, missing, sharedMedia } from "../testing/media.ts";
import { pcrDiff } from "../ts-time.ts";
import { PcrPacer, type PcrPacerOptions } from "./index.ts";

const MS = 1e6;
const SECOND = 1e9;

/** `count` packets with a PCR in every `every`-th, `step` ticks of 27 MHz apart, from `first` on; the rest are numbered. */
function stream(count: number, options: { every: number; step: number; first?: number }): Uint8Array {
  const packets = new Uint8Array(count * PACKET_SIZE);
  for (let i = 0; i < count; i++) {
    const at = i * PACKET_SIZE;
    if (i % options.every === 0) {
      const pcr27 = ((options.first ?? 0) + (i / options.every) * options.step) % PCR_WRAP;
      writePcrPacket(packets, at, { pid: 0x100, continuity: 0, pcr27 });
    } else writeNull(packets, at);
    packets[at + 186] = i >> 8;
    packets[at + 187] = i;
  }
  return packets;
}

interface Sent {
  readonly bytes: Uint8Array;
  /** When each packet left. */
  readonly ns: number[];
  readonly pacer: PcrPacer;
}

/** Plays a source that waits, in steps of `tickNs`, keeping the pacer full. */
function play(packets: Uint8Array, options: PcrPacerOptions = {}, tickNs = MS): Sent {
  const pacer = new PcrPacer(options);
  const sent: Uint8Array[] = [];
  const ns: number[] = [];
  const total = packets.length / PACKET_SIZE;
  let pushed = 0;
  for (let now = 5 * SECOND; ns.length < total && now < 1000 * SECOND; now += tickNs) {
    const room = Math.min(pacer.room, total - pushed);
    if (room > 0) pushed += pacer.push(packets, pushed * PACKET_SIZE, room, now);
    if (pushed === total) pacer.flush(now);
    while (pacer.pull(now, 64) > 0) {
      sent.push(pacer.buf.slice(pacer.start, pacer.start + pacer.count * PACKET_SIZE));
      for (let i = 0; i < pacer.count; i++) ns.push(now);
    }
    if (pacer.nextDueNs !== Number.POSITIVE_INFINITY) assert.ok(pacer.nextDueNs > now - 100);
  }
  return { bytes: concat(sent), ns, pacer };
}

/** For every pair of PCRs in a row: how far real time strayed from the PCR, ns. */
function strays(packets: Uint8Array, ns: readonly number[], pid: number): number[] {
  const result: number[] = [];
  let last = -1;
  let first: { pcr: number; ns: number } | undefined;
  let time = 0;
  for (let i = 0; i < ns.length; i++) {
    const at = i * PACKET_SIZE;
    if (pidOf(packets, at) !== pid || !hasPcr(packets, at)) continue;
    const pcr = pcrOf(packets, at);
    if (last >= 0) time += (pcrDiff(last, pcr) * 1000) / 27;
    last = pcr;
    first ??= { pcr, ns: ns[i]! };
    result.push(ns[i]! - first.ns - time);
  }
  return result;
}

for (const [path, pid] of [
  ["tests/fixtures", 0x100],
  ["ts/h264-aac/test-072.ts", 0x65],
  ["ts/derived/wrap_dvb_h264_ac3.ts", 0x100],
  ["ts/mpeg2-mp2/test-025.ts", 0x100],
] as const) {
  test(`a file leaves as its PCRs say, unchanged: ${path}`, (t) => {
    const bytes = path === "tests/fixtures" ? fixture("h264-aac.mpegts") : sharedMedia(path);
    if (bytes === undefined) return t.skip(missing(path));
    const packets = alignedPackets(bytes);
    const { bytes: sent, ns, pacer } = play(packets);
    assert.equal(Buffer.compare(sent, packets), 0, "bit-exact and in order");
    const off = strays(packets, ns, pid);
    assert.ok(off.length > 2);
    for (const stray of off) assert.ok(stray >= -1000 && stray <= MS + 1000, `${stray} ns`);
    assert.deepEqual(pacer.counters, { resyncs: 0, underruns: 0, overflows: 0 });
  });
}

test("between two PCRs packets are even", () => {
  const packets = stream(401, { every: 100, step: 27_000 * 40 });
  const { ns } = play(packets, {}, MS / 10);
  for (let i = 0; i <= 400; i++) {
    const due = i * 0.4 * MS;
    assert.ok(ns[i]! - ns[0]! >= due - 1 && ns[i]! - ns[0]! <= due + MS / 10 + 1, `packet ${i}`);
  }
});

test("a PCR that wraps is no break, one that leaps is: it costs no time", () => {
  const wrap = stream(401, { every: 100, step: 27_000 * 40, first: PCR_WRAP - 27_000 * 100 });
  const wrapped = play(wrap);
  assert.equal(wrapped.pacer.counters.resyncs, 0);
  assert.ok(Math.abs(wrapped.ns[400]! - wrapped.ns[0]! - 160 * MS) <= 2 * MS);
  for (const first of [0, 5e9, 27_000_000 * 3]) {
    const before = stream(400, { every: 100, step: 27_000 * 40, first: 1e9 });
    const both = concat([before, stream(401, { every: 100, step: 27_000 * 40, first })]);
    const { ns, pacer, bytes } = play(both);
    assert.equal(pacer.counters.resyncs, 1);
    assert.ok(Math.abs(ns[800]! - ns[0]! - 320 * MS) <= 2 * MS, `${ns[800]! - ns[0]!}`);
    assert.equal(Buffer.compare(bytes, both), 0);
  }
});

test("a step ahead that is announced is time all the same: laps of a file whose lead over its PCR grew", () => {
  const before = stream(400, { every: 100, step: 27_000 * 40 });
  // 40 ms are due, 340 come: the splicer had to make room for time stamps that must not go back.
  const after = stream(401, { every: 100, step: 27_000 * 40, first: 27_000 * (160 + 300) });
  after[5] = (after[5] as number) | AF_DISCONTINUITY;
  const { ns, pacer } = play(concat([before, after]));
  assert.equal(pacer.counters.resyncs, 0);
  assert.ok(Math.abs(ns[800]! - ns[0]! - (160 + 300 + 160) * MS) <= 2 * MS, `${(ns[800]! - ns[0]!) / MS} ms`);
});

test("the ring may be smaller than a PCR interval, or there may be no PCR: an estimate serves", () => {
  const few = stream(3001, { every: 1000, step: 27_000_000 });
  const { ns, bytes } = play(few, { capacityPackets: 100, bitrateWithoutPcr: 1504 * 1000 });
  assert.equal(Buffer.compare(bytes, few), 0);
  assert.ok(Math.abs(ns[3000]! - ns[0]! - 3 * SECOND) < 0.3 * SECOND, `${ns[3000]! - ns[0]!}`);
  const none = stream(500, { every: 1e9, step: 1 }).subarray(PACKET_SIZE);
  const blind = play(none, { capacityPackets: 100, bitrateWithoutPcr: 1504 * 1000 });
  assert.ok(Math.abs(blind.ns[498]! - blind.ns[0]! - 498 * MS) <= 2 * MS);
});

test("a caller that was away for long does not make up for it", () => {
  const packets = stream(4001, { every: 10, step: 27_000 * 10 });
  const pacer = new PcrPacer();
  pacer.push(packets, 0, 4001, 0);
  let count = pacer.pull(0, 9999);
  count += pacer.pull(60 * SECOND, 9999);
  assert.ok(count < 10, `${count}`);
  assert.equal(pacer.counters.resyncs, 1);
  for (count = 0; pacer.pull(60 * SECOND + 100 * MS, 9999) > 0; ) count += pacer.count;
  assert.ok(Math.abs(count - 100) < 3);
});

/** A live source of 1,000 packets a second by its own clock, `ppm` fast, in bursts, each late by a bit. */
function live(seconds: number, options: { ppm: number; jitterNs: number; latencyMs: number }) {
  const pacer = new PcrPacer({ latencyMs: options.latencyMs });
  const burst = 20;
  const waits: number[] = [];
  let seed = 7;
  let left = 0;
  const arrivals: number[] = [];
  for (let n = 0; n < seconds * 50; n++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const packets = stream(burst, { every: burst, step: 0, first: n * 27_000 * burst });
    const ideal = n * burst * MS * (1 - options.ppm / 1e6);
    const now = ideal + (seed / 2 ** 32) * options.jitterNs;
    for (let t = ideal - burst * MS; t < now; t += 4 * MS) {
      while (pacer.pull(t, 64) > 0) {
        for (let i = 0; i < pacer.count; i++) waits.push(t - arrivals[left++]!);
      }
    }
    pacer.push(packets, 0, burst, now);
    for (let i = 0; i < burst; i++) arrivals.push(now);
  }
  return { pacer, waits };
}

for (const ppm of [-500, 0, 500]) {
  test(`a live source ${ppm} ppm fast neither drains nor floods the buffer`, () => {
    const { pacer, waits } = live(600, { ppm, jitterNs: 30 * MS, latencyMs: 200 });
    // 500 ppm over 600 s are 300 ms: uncorrected they would break these bounds.
    assert.equal(pacer.counters.resyncs, 0);
    assert.equal(pacer.counters.underruns, 0);
    for (const wait of waits) assert.ok(wait > 20 * MS && wait < 270 * MS, `waited ${wait / MS} ms`);
    assert.ok(pacer.pending < 300);
  });
}

test("a live source that pauses: an underrun, and the latency is there again", () => {
  const pacer = new PcrPacer({ latencyMs: 100 });
  const packets = stream(2001, { every: 20, step: 27_000 * 20 });
  pacer.push(packets, 0, 1000, 0);
  for (let now = 0; now < 3 * SECOND; now += MS) pacer.pull(now, 9999);
  assert.equal(pacer.pending, 0);
  pacer.push(packets, 1000 * PACKET_SIZE, 1001, 3 * SECOND);
  assert.equal(pacer.counters.underruns, 1);
  assert.ok(Math.abs(pacer.nextDueNs - 3.1 * SECOND) < MS, `${pacer.nextDueNs}`);
});

test("what does not fit is refused and counted", () => {
  const pacer = new PcrPacer({ capacityPackets: 50 });
  const packets = stream(80, { every: 10, step: 27_000 });
  assert.equal(pacer.push(packets, 0, 80, 0), 50);
  assert.equal(pacer.counters.overflows, 30);
  assert.equal(pacer.room, 0);
});

test("a live source without PCR leaves as it came, later", () => {
  const pacer = new PcrPacer({ latencyMs: 100 });
  const packets = stream(8000, { every: 1e9, step: 1 }).subarray(PACKET_SIZE);
  let sent = 0;
  for (let n = 0; n < 700; n++) {
    pacer.push(packets, n * 10 * PACKET_SIZE, 10, n * 10 * MS);
    while (pacer.pull(n * 10 * MS, 64) > 0) sent += pacer.count;
  }
  assert.ok(pacer.pending <= 130 && sent > 6800, `${sent} sent, ${pacer.pending} wait`);
});
