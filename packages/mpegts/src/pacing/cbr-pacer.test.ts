import assert from "node:assert/strict";
import { test } from "node:test";
import { concat } from "@millrace/bytes";
import { MillraceError, PCR_WRAP, TICKS_WRAP } from "@millrace/model";
import fc from "fast-check";
import { Demuxer } from "../demux/index.ts";
import {
  adaptationFlags,
  hasPcr,
  hasUnitStart,
  PACKET_SIZE,
  PID_NULL,
  payloadOffset,
  pcrOf,
  pidOf,
} from "../packet.ts";
import { TsScanner } from "../scan.ts";
import { dtsOf, PES_PTS, stampsOf } from "../splice/pes-stamps.ts";
import { alignedPackets, fixture, missing, sharedMedia } from "../testing/media.ts";
import { ticksDiff, wrapValue } from "../ts-time.ts";
import { CbrPacer, type CbrPacerOptions } from "./index.ts";
import { PacketClock } from "./packet-clock.ts";

const MS = 1e6;
const SECOND = 1e9;
const BEAR = "tests/fixtures/h264-aac.mpegts";

function capture(path: string): Uint8Array | undefined {
  const bytes = path === BEAR ? fixture("h264-aac.mpegts") : sharedMedia(path);
  return bytes === undefined ? undefined : alignedPackets(bytes);
}

interface Sent {
  readonly packets: Uint8Array;
  readonly ns: number[];
  readonly pacer: CbrPacer;
}

/** Plays a source that waits until all of it has left. */
function play(source: Uint8Array, options: CbrPacerOptions): Sent {
  const pacer = new CbrPacer(options);
  const sent: Uint8Array[] = [];
  const ns: number[] = [];
  const total = source.length / PACKET_SIZE;
  let pushed = 0;
  for (let now = 0; now < 200 * SECOND; now += 2 * MS) {
    const room = Math.min(pacer.room, total - pushed);
    if (room > 0) pushed += pacer.push(source, pushed * PACKET_SIZE, room, now);
    if (pushed === total) pacer.flush(now);
    while (pacer.pull(now, 7) > 0) {
      sent.push(pacer.buf.slice(pacer.start, pacer.start + pacer.count * PACKET_SIZE));
      for (let i = 0; i < pacer.count; i++) ns.push(now);
    }
    if (pushed === total && pacer.pending === 0) break;
  }
  return { packets: concat(sent), ns, pacer };
}

/**
 * Greatest distance of two PCRs of a PID, in ms, and greatest difference between a PCR and what the places of the packets
 * say at that bitrate, in ns: BigInt, nothing of the code under test. Flagged breaks begin anew.
 */
function measurePcr(packets: Uint8Array, pid: number, bitrate: number) {
  let interval = 0;
  let error = 0;
  let breaks = 0;
  let count = 0;
  let first: { index: bigint; pcr: bigint } | undefined;
  let last = 0n;
  for (let at = 0; at < packets.length; at += PACKET_SIZE) {
    if (pidOf(packets, at) !== pid || !hasPcr(packets, at)) continue;
    count++;
    const index = BigInt(at / PACKET_SIZE);
    const pcr = BigInt(pcrOf(packets, at));
    if ((adaptationFlags(packets, at) & 0x80) !== 0 && first !== undefined) {
      first = undefined;
      breaks++;
    }
    if (first === undefined) first = { index, pcr };
    else {
      const bitTicks = (index - first.index) * 1504n * 27_000_000n;
      const wrap = BigInt(PCR_WRAP);
      const passed = (pcr - first.pcr + wrap) % wrap;
      const off = passed * BigInt(bitrate) - bitTicks;
      error = Math.max(error, Math.abs(Number(off)) / bitrate / 0.027);
      interval = Math.max(interval, (Number(index - last) * 1504 * 1000) / bitrate);
    }
    last = index;
  }
  return { interval, error, breaks, count };
}

/** For every PID with PES packets: the least DTS minus PCR, 90 kHz, PCRs interpolated by place. */
function leads(packets: Uint8Array, pcrPid: number): Map<number, number> {
  const pcrs: { index: number; ticks: number }[] = [];
  for (let at = 0; at < packets.length; at += PACKET_SIZE) {
    if (pidOf(packets, at) !== pcrPid || !hasPcr(packets, at)) continue;
    pcrs.push({ index: at / PACKET_SIZE, ticks: pcrOf(packets, at) / 300 });
  }
  const result = new Map<number, number>();
  let k = 0;
  for (let at = 0; at < packets.length; at += PACKET_SIZE) {
    const index = at / PACKET_SIZE;
    while (k + 2 < pcrs.length && pcrs[k + 1]!.index <= index) k++;
    const [a, b] = [pcrs[k]!, pcrs[k + 1]!];
    if (index < a.index || index > b.index || !hasUnitStart(packets, at)) continue;
    const payload = payloadOffset(packets, at);
    const stamps = stampsOf(packets, payload, at + PACKET_SIZE);
    if (stamps < PES_PTS) continue;
    const pcr = a.ticks + (ticksDiff(a.ticks, b.ticks) * (index - a.index)) / (b.index - a.index);
    const lead = ticksDiff(pcr, dtsOf(packets, payload, stamps));
    const pid = pidOf(packets, at);
    result.set(pid, Math.min(result.get(pid) ?? Number.POSITIVE_INFINITY, lead));
  }
  return result;
}

/** All packets but nulls and bare PCRs, PCR fields and their flags blanked. */
function content(packets: Uint8Array): Uint8Array {
  const kept: Uint8Array[] = [];
  for (let at = 0; at < packets.length; at += PACKET_SIZE) {
    const bare = (packets[at + 3]! & 0x10) === 0;
    if (pidOf(packets, at) === PID_NULL || bare) continue;
    const packet = packets.slice(at, at + PACKET_SIZE);
    if (hasPcr(packet, 0)) packet.fill(0, 5, 12);
    kept.push(packet);
  }
  return concat(kept);
}

function frames(packets: Uint8Array): string[] {
  const found: string[] = [];
  const demuxer = new Demuxer({
    onTracks: () => {},
    onUnit: ({ track, dts, pts, data }) => {
      const size = data.reduce((sum, part) => sum + part.length, 0);
      found.push(`${track} ${wrapValue(dts, TICKS_WRAP)} ${wrapValue(pts, TICKS_WRAP)} ${size}`);
    },
  });
  demuxer.push(packets, 0, packets.length / PACKET_SIZE);
  demuxer.flush();
  return found.sort();
}

const CASES: { path: string; pid: number; bitrate: number; pcrIntervalMs?: number }[] = [
  { path: BEAR, pid: 0x100, bitrate: 2_200_000, pcrIntervalMs: 20 },
  { path: BEAR, pid: 0x100, bitrate: 1_999_993 },
  { path: "ts/h264-aac/test-072.ts", pid: 0x65, bitrate: 2_000_000 },
  { path: "ts/ac3/dvb-h264-ac3-segments/s_00000.ts", pid: 0x100, bitrate: 5_000_001, pcrIntervalMs: 35 },
  { path: "ts/mpeg2-mp2/test-025.ts", pid: 0x100, bitrate: 6_000_000 },
  { path: "ts/derived/wrap_dvb_h264_ac3.ts", pid: 0x100, bitrate: 6_000_000 },
  { path: "ts/h264-aac/test.ts", pid: 0x41, bitrate: 1_000_000 },
];

for (const { path, pid, ...options } of CASES) {
  test(`${path} at ${options.bitrate} bit/s`, (t) => {
    const source = capture(path);
    if (source === undefined) return t.skip(missing(path));
    const { packets, ns, pacer } = play(source, options);
    const counters = pacer.counters;
    assert.equal(counters.droppedPackets, 0);
    assert.equal(counters.resyncs, 0);
    assert.equal(Buffer.compare(content(packets), content(source)), 0, "content in order, unchanged");
    const { interval, error, count } = measurePcr(packets, pid, options.bitrate);
    assert.ok(count > 10 && interval <= (options.pcrIntervalMs ?? 40), `PCR interval ${interval} ms`);
    assert.ok(error <= 500, `PCR accuracy ${error} ns`);
    const scanner = new TsScanner();
    scanner.scan(packets, 0, packets.length / PACKET_SIZE);
    const before = new TsScanner();
    before.scan(source, 0, source.length / PACKET_SIZE);
    assert.equal(scanner.ccErrors, before.ccErrors, "no continuity errors");
    assert.deepEqual(frames(packets), frames(source));
    const [was, is] = [leads(source, pid), leads(packets, pid)];
    for (const [stream, lead] of was) {
      assert.ok(is.get(stream)! >= lead - 90, `PID ${stream}: ${lead} before, ${is.get(stream)} now`);
    }
    for (let from = 0; from + 100 * MS < ns.at(-1)!; from += 100 * MS) {
      const inside = ns.filter((at) => at >= from && at < from + 100 * MS).length;
      const expected = options.bitrate / 15_040;
      assert.ok(Math.abs(inside - expected) <= expected * 0.01 + 7, `${inside} packets in 100 ms`);
    }
  });
}

test("nulls of the source are replaced, several programs keep clocks of their own", (t) => {
  const path = "ts/derived/mpts_4services_si_eit.ts";
  const source = capture(path);
  if (source === undefined) return t.skip(missing(path));
  const bitrate = 4_000_000;
  const { packets, pacer } = play(source, { bitrate, pcrIntervalMs: 25 });
  assert.equal(Buffer.compare(content(packets), content(source)), 0);
  assert.equal(pacer.counters.droppedPackets, 0);
  for (const pid of [0x100, 0x102, 0x104, 0x106]) {
    const { interval, error, breaks } = measurePcr(packets, pid, bitrate);
    assert.equal(breaks, 0);
    assert.ok(interval <= 25, `PID ${pid}: PCR interval ${interval} ms`);
    assert.ok(error <= 500, `PID ${pid}: PCR accuracy ${error} ns`);
  }
});

test("the packet clock is exact for ever", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 10_000, max: 200_000_000 }),
      fc.integer({ min: 1, max: 5000 }),
      (bitrate, n) => {
        const clock = new PacketClock(bitrate);
        for (let i = 0; i < n; i++) clock.advance();
        assert.equal(BigInt(clock.time), (BigInt(n) * 1504n * 27_000_000n) / BigInt(bitrate));
      },
    ),
    { numRuns: 200 },
  );
});

test("content that does not fit: video goes whole, sound stays, the counters close up", (t) => {
  const path = "ts/ac3/dvb-h264-ac3-segments/s_00001.ts";
  const source = capture(path);
  if (source === undefined) return t.skip(missing(path));
  const bitrate = 2_000_000;
  const { packets, pacer } = play(source, { bitrate });
  assert.ok(pacer.counters.droppedPackets > 100);
  const scanner = new TsScanner();
  scanner.scan(packets, 0, packets.length / PACKET_SIZE);
  assert.equal(scanner.ccErrors, 0);
  const sound = (list: string[]) => list.filter((line) => line.startsWith("257 "));
  assert.deepEqual(sound(frames(packets)), sound(frames(source)));
  const { interval, error } = measurePcr(packets, 0x100, bitrate);
  assert.ok(interval <= 40 && error <= 500);
});

test("a stream that breaks off its time goes on, the break flagged, at a constant rate", (t) => {
  const path = "ts/derived/timeline_restart_and_jump.ts";
  const source = capture(path);
  if (source === undefined) return t.skip(missing(path));
  const bitrate = 2_500_000;
  const { packets, pacer } = play(source, { bitrate });
  assert.equal(pacer.counters.droppedPackets, 0);
  assert.ok(pacer.counters.resyncs >= 1);
  const { interval, error, breaks } = measurePcr(packets, 0x100, bitrate);
  assert.equal(breaks, 1);
  assert.ok(interval <= 40 && error <= 500, `${interval} ms, ${error} ns`);
});

for (const pauseMs of [400, 2000, 4000]) {
  test(`a source that pauses for ${pauseMs} ms: nulls and PCRs go on, nothing is dropped`, () => {
    const source = capture(BEAR)!;
    const bitrate = 2_200_000;
    const pacer = new CbrPacer({ bitrate, latencyMs: 300, pcrIntervalMs: 30 });
    const sent: Uint8Array[] = [];
    const total = source.length / PACKET_SIZE;
    let pushed = 0;
    let packetsByPause = 0;
    for (let now = 0; now < 10 * SECOND; now += 5 * MS) {
      const pausing = now > SECOND && now < SECOND + pauseMs * MS;
      // 2,125 packets in 2.7 s.
      const want = Math.min(4, total - pushed);
      if (!pausing && want > 0) pushed += pacer.push(source, pushed * PACKET_SIZE, want, now);
      while (pacer.pull(now, 64) > 0) sent.push(pacer.buf.slice(0, pacer.count * PACKET_SIZE));
      if (now === SECOND) packetsByPause = pacer.counters.packets;
      if (now === SECOND + pauseMs * MS) {
        const inPause = pacer.counters.packets - packetsByPause;
        assert.ok(
          Math.abs(inPause - ((pauseMs / 1000) * bitrate) / 1504) < 40,
          `${inPause} packets in the pause`,
        );
      }
    }
    const packets = concat(sent);
    assert.equal(pacer.counters.droppedPackets, 0);
    assert.equal(pacer.counters.resyncs > 0, pauseMs > 800, "latency and delay bridge a short pause");
    assert.equal(Buffer.compare(content(packets), content(source)), 0);
    const { interval, error } = measurePcr(packets, 0x100, bitrate);
    assert.ok(interval <= 30 && error <= 500, `${interval} ms, ${error} ns`);
  });
}

test("options that make no sense are refused", () => {
  for (const options of [{ bitrate: 0 }, { bitrate: 1.5e6 + 0.5 }, { bitrate: 1e6, pcrIntervalMs: 0 }]) {
    assert.throws(() => new CbrPacer(options), MillraceError);
  }
});

test("rubbish is carried along", () => {
  const source = capture(BEAR)!;
  let seed = 3;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed >>> 8;
  };
  for (let round = 0; round < 5; round++) {
    const bad = source.slice();
    for (let i = 0; i < 20_000; i++) bad[random() % bad.length] = random();
    const { packets } = play(bad, { bitrate: 3_000_000, latencyMs: round % 2 === 0 ? 0 : 100 });
    assert.ok(packets.length > 0);
  }
});
