import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccessUnit, Track } from "@millrace/model";
import fc from "fast-check";
import { Demuxer } from "../demux/index.ts";
import { adaptationFlags, hasPcr, PACKET_SIZE, pcrOf, pidOf, writePcr } from "../packet.ts";
import { parsePat } from "../psi.ts";
import { TsScanner } from "../scan.ts";
import { missing } from "../testing/media.ts";
import { pcrDiff, ticksDiff } from "../ts-time.ts";
import { TsSplicer } from "./index.ts";
import { dtsOf, PES_PTS, ptsOf, stampsOf } from "./pes-stamps.ts";
import { BEAR, capture, join, sectionsOf, tablesOnly } from "./testing/join.ts";

const SECOND = 1e9;

interface Stamp {
  readonly packet: number;
  readonly dts: number;
  readonly pts: number;
}

/** Every time stamp and PCR in the packets, by PID, read off the bytes. */
function timesOf(packets: Uint8Array) {
  const stamps = new Map<number, Stamp[]>();
  const pcrs = new Map<number, { packet: number; pcr27: number; flagged: boolean }[]>();
  for (let at = 0; at < packets.length; at += PACKET_SIZE) {
    const pid = pidOf(packets, at);
    const packet = at / PACKET_SIZE;
    if (hasPcr(packets, at)) {
      const flagged = (adaptationFlags(packets, at) & 0x80) !== 0;
      pcrs.set(pid, [...(pcrs.get(pid) ?? []), { packet, pcr27: pcrOf(packets, at), flagged }]);
    }
    if ((packets[at + 1]! & 0x40) === 0 || (packets[at + 3]! & 0x10) === 0) continue;
    const payload = at + 4 + ((packets[at + 3]! & 0x20) === 0 ? 0 : 1 + packets[at + 4]!);
    const found = stampsOf(packets, payload, at + PACKET_SIZE);
    if (found < PES_PTS) continue;
    const stamp = { packet, dts: dtsOf(packets, payload, found), pts: ptsOf(packets, payload) };
    const list = stamps.get(pid);
    if (list === undefined) stamps.set(pid, [stamp]);
    else list.push(stamp);
  }
  return { stamps, pcrs };
}

function ccErrors(packets: Uint8Array): number {
  const scanner = new TsScanner();
  scanner.scan(packets, 0, packets.length / PACKET_SIZE);
  return scanner.ccErrors;
}

/** Greatest step of DTS and PCR over packet `edge`, and whether any step goes back, apart from those inside the inputs. */
function assertContinuous(out: Uint8Array, edges: readonly number[], maxHole: number): void {
  const { stamps, pcrs } = timesOf(out);
  for (const [pid, list] of stamps) {
    for (let i = 1; i < list.length; i++) {
      const [before, after] = [list[i - 1]!, list[i]!];
      if (!edges.some((edge) => before.packet < edge && after.packet >= edge)) continue;
      const step = ticksDiff(before.dts, after.dts);
      assert.ok(step > 0, `DTS of PID ${pid} goes on over the splice: ${step}`);
      assert.ok(step <= maxHole, `DTS of PID ${pid} leaves no hole: ${step}`);
    }
  }
  for (const [pid, list] of pcrs) {
    for (let i = 1; i < list.length; i++) {
      const [before, after] = [list[i - 1]!, list[i]!];
      if (!edges.some((edge) => before.packet < edge && after.packet >= edge)) continue;
      const step = pcrDiff(before.pcr27, after.pcr27);
      assert.ok(step > 0 && step <= (maxHole + 180_000) * 300, `PCR of PID ${pid} goes on: ${step}`);
      assert.ok(after.flagged, "the first PCR after the splice is announced");
    }
  }
}

/** `hole`: 90 kHz; the second codec here has 0.7 s more from PCR to DTS. Same PIDs or not, one codec or two, clocks that wrap, B-frames, PCR once a second. */
const PAIRS: { name: string; parts: string[]; hole?: number }[] = [
  { name: "the same again", parts: [BEAR, BEAR] },
  { name: "three times, PCR wrap inside", parts: [BEAR, "ts/wrap/bear-640x360_ptswraparound.ts", BEAR] },
  {
    name: "another codec on the same PIDs",
    parts: [BEAR, "ts/hevc/bear-640x360-hevc.ts", BEAR],
    hole: 70_000,
  },
  { name: "other PIDs", parts: [BEAR, "ts/h264-aac/test.ts", "ts/h264-aac/test-072.ts"] },
  {
    name: "MPEG-2, PCR on a PID of its own",
    parts: ["ts/mpeg2-mp2/test-025.ts", "ts/mpeg2-mp2/test-025.ts"],
  },
  { name: "segments in order", parts: [0, 1, 2].map((n) => `ts/ac3/dvb-h264-ac3-segments/s_0000${n}.ts`) },
  { name: "audio a second ahead", parts: ["ts/h264-aac/test.ts", "ts/h264-aac/test.ts"], hole: 130_000 },
];

for (const { name, parts, hole } of PAIRS) {
  for (const batch of [1, 7, 5000]) {
    test(`splice: ${name}, ${batch} packets at once`, (t) => {
      const inputs: Uint8Array[] = [];
      for (const path of parts) {
        const packets = capture(path);
        if (packets === undefined) return t.skip(missing(path));
        inputs.push(packets);
      }
      const { out, splicer } = join(inputs, { batch });
      const first = inputs[0]!;
      assert.equal(Buffer.compare(out.subarray(0, first.length), first), 0, "bit-exact before the switch");
      const edges: number[] = [];
      let length = 0;
      for (const input of inputs) {
        length += input.length;
        edges.push(length / PACKET_SIZE);
      }
      const inherent = inputs.reduce((sum, input) => sum + ccErrors(input), 0);
      assert.equal(ccErrors(out), inherent, "no new continuity errors");
      assertContinuous(out, edges.slice(0, -1), hole ?? 60_000);
      assert.equal(splicer.counters.switches, parts.length - 1);
      assert.equal(splicer.counters.cutHeaders, 0);
    });
  }
}

/** Units of the demuxer, which unwraps and checks for itself. */
function demux(packets: Uint8Array) {
  const units: AccessUnit[] = [];
  let tracks: readonly Track[] = [];
  const demuxer = new Demuxer({
    onTracks: (now) => {
      tracks = now;
    },
    onUnit: (unit) => units.push({ ...unit, data: [] }),
  });
  demuxer.push(packets, 0, packets.length / PACKET_SIZE);
  demuxer.flush();
  return { units, tracks, counters: demuxer.counters };
}

test("the demuxer finds every frame of a spliced stream, in order and without error", () => {
  const input = capture(BEAR)!;
  const { out, splicer } = join([input, input, input]);
  const once = demux(input);
  const all = demux(out);
  assert.equal(all.counters.ccErrors, 0);
  assert.equal(all.counters.timelineBreaks, 0);
  for (const { id, kind } of all.tracks) {
    const mine = all.units.filter((unit) => unit.track === id);
    for (let i = 1; i < mine.length; i++) assert.ok(mine[i]!.dts > mine[i - 1]!.dts, `unit ${i} of ${kind}`);
    const one = once.units.filter((unit) => unit.track === id).length;
    // Audio runs longer than video here; what would come twice is left out.
    if (kind === "video") assert.equal(mine.length, 3 * one);
    else assert.ok(mine.length <= 3 * one && mine.length >= 3 * one - 20, `${mine.length} of ${3 * one}`);
  }
  const shown = all.units.filter((unit) => unit.track === 0x100).map((unit) => unit.pts);
  assert.equal(new Set(shown).size, shown.length, "no two pictures at one time");
  assert.equal(splicer.counters.raisedOffsets, 0);
});

test("the gap between inputs is real time, up to ten seconds", () => {
  const input = capture(BEAR)!;
  for (const [gapNs, ticks] of [
    [0, 3003],
    [2 * SECOND, 180_000],
    [3600 * SECOND, 900_000],
  ] as const) {
    const { out } = join([input, input], { gapNs });
    const list = timesOf(out).stamps.get(0x100)!;
    const edge = list.findIndex(({ packet }) => packet >= input.length / PACKET_SIZE);
    const step = ticksDiff(list[edge - 1]!.dts, list[edge]!.dts);
    assert.ok(step >= ticks && step <= ticks + 9009, `${step} for ${ticks}`);
  }
});

test("without a switch nothing changes, whatever breaks inside the input", (t) => {
  const path = "ts/derived/timeline_restart_and_jump.ts";
  const input = capture(path);
  if (input === undefined) return t.skip(missing(path));
  assert.equal(Buffer.compare(join([input]).out, input), 0);
  const again = join([capture(BEAR)!, input]).out.subarray(capture(BEAR)!.length);
  const before = timesOf(input).stamps.get(0x100)!;
  const after = timesOf(again).stamps.get(0x100)!;
  const offset = ticksDiff(before[0]!.dts, after[0]!.dts);
  assert.deepEqual(
    after.map(({ dts }) => ticksDiff(offset, dts)),
    before.map(({ dts }) => dts),
    "after a switch all is moved alike, break and all",
  );
});

test("a switch in the middle of frames drops what has no beginning", () => {
  const input = capture(BEAR)!;
  const cut = 1003 * PACKET_SIZE;
  const { out, splicer } = join([input.subarray(0, cut), input.subarray(411 * PACKET_SIZE)]);
  assert.ok(splicer.counters.droppedPackets > 0);
  assert.equal(ccErrors(out), 0);
  assertContinuous(out, [1003], 60_000);
});

test("learn reads what process would", () => {
  const input = capture(BEAR)!;
  const learned = new TsSplicer();
  learned.learn(input, 0, input.length / PACKET_SIZE, 5);
  const processed = new TsSplicer();
  processed.process(input.slice(), 0, input.length / PACKET_SIZE, 5);
  const [a, b] = [learned, processed].map((splicer) => {
    const copy = input.slice();
    splicer.switch(10);
    splicer.process(copy, 0, copy.length / PACKET_SIZE, 20);
    return copy;
  });
  assert.equal(Buffer.compare(a!, b!), 0);
});

test("programs of a multiplex keep clocks of their own", (t) => {
  const path = "ts/derived/mpts_4services_si_eit.ts";
  const input = capture(path);
  if (input === undefined) return t.skip(missing(path));
  // The second program's clock by itself: three hours on.
  const moved = input.slice();
  for (let at = 0; at < moved.length; at += PACKET_SIZE) {
    const pid = pidOf(moved, at);
    if (pid !== 0x102 && pid !== 0x103) continue;
    if (hasPcr(moved, at)) writePcr(moved, at + 6, pcrOf(moved, at) + 3 * 3600 * 27_000_000);
    const payload = at + 4 + ((moved[at + 3]! & 0x20) === 0 ? 0 : 1 + moved[at + 4]!);
    const stamped = (moved[at + 1]! & 0x40) !== 0 && stampsOf(moved, payload, at + PACKET_SIZE) >= PES_PTS;
    if (stamped) shiftBy(moved, payload, 3 * 3600 * 90_000);
  }
  for (const parts of [
    [input, moved],
    [moved, input],
    [moved, moved],
  ]) {
    const { out } = join(parts);
    // Programs 1 and 2 run to the end; the others end early in the capture and leave what hole they leave.
    const edge = input.length / PACKET_SIZE;
    const { pcrs } = timesOf(out);
    for (const pid of [0x100, 0x102, 0x104, 0x106]) {
      const list = pcrs.get(pid)!;
      const next = list.findIndex(({ packet }) => packet >= edge);
      const step = pcrDiff(list[next - 1]!.pcr27, list[next]!.pcr27);
      assert.ok(step > 0 && step < 27_000_000, `PID ${pid}: ${step}`);
      assert.ok(list[next]!.flagged);
    }
    assert.equal(ccErrors(out), 2 * ccErrors(input));
    const names = sectionsOf(out, 0).map((section) => parsePat(section)!.version);
    assert.equal(new Set(names).size, 1, "an equal PAT keeps its version");
  }
});

function shiftBy(buf: Uint8Array, payload: number, ticks: number): void {
  const dtsToo = (buf[payload + 7]! & 0x40) !== 0;
  for (const at of dtsToo ? [payload + 9, payload + 14] : [payload + 9]) {
    const old =
      ((buf[at]! >> 1) & 7) * 2 ** 30 +
      ((buf[at + 1]! << 22) | ((buf[at + 2]! >> 1) << 15) | (buf[at + 3]! << 7) | (buf[at + 4]! >> 1));
    const now = BigInt((old + ticks) % 2 ** 33);
    buf[at] = (buf[at]! & 0xf0) | Number((now >> 30n) << 1n) | 1;
    buf[at + 1] = Number((now >> 22n) & 0xffn);
    buf[at + 2] = Number(((now >> 15n) & 0x7fn) << 1n) | 1;
    buf[at + 3] = Number((now >> 7n) & 0xffn);
    buf[at + 4] = Number((now & 0x7fn) << 1n) | 1;
  }
}

test("of scrambled packets only the counter changes", (t) => {
  const path = "ts/scrambled/test-026.csa.ts";
  const input = capture(path);
  if (input === undefined) return t.skip(missing(path));
  const { out } = join([input, input]);
  assert.equal(ccErrors(out), 2 * ccErrors(input));
  for (let at = 0; at < input.length; at += PACKET_SIZE) {
    const there: number = input.length + at;
    if (input[at + 3]! >> 6 === 0) continue;
    for (let i = 4; i < PACKET_SIZE; i++) {
      const flags: number = i === 5 && hasPcr(input, at) ? 0x80 : 0;
      assert.equal(out[there + i]! | flags, input[at + i]! | flags);
    }
  }
});

test("rubbish neither throws nor grows", () => {
  let seed = 1;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed >>> 8;
  };
  const input = capture(BEAR)!;
  for (let round = 0; round < 12; round++) {
    const splicer = new TsSplicer();
    const bad = input.slice();
    for (let i = 0; i < 20_000; i++) bad[random() % bad.length] = random();
    for (let first = 0; first < bad.length; first += 50 * PACKET_SIZE) {
      if (random() % 8 === 0) splicer.switch(first);
      splicer.process(bad, first, Math.min(50, (bad.length - first) / PACKET_SIZE), first);
    }
  }
});

test("arbitrary packets are passed on, packet for packet", () => {
  const packet = fc.record({
    pid: fc.constantFrom(0, 1, 0x11, 0x20, 0x100, 0x101, 0x1fff),
    head: fc.constantFrom(0x00, 0x40, 0x80),
    control: fc.integer({ min: 0, max: 255 }),
    body: fc.uint8Array({ minLength: 40, maxLength: 184 }),
  });
  fc.assert(
    fc.property(
      fc.array(packet, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 0, max: 60 }),
      (list, cut) => {
        const packets = new Uint8Array(list.length * PACKET_SIZE).fill(0xff);
        list.forEach(({ pid, head, control, body }, i) => {
          packets.set([0x47, head | (pid >> 8), pid, control], i * PACKET_SIZE);
          packets.set(body, i * PACKET_SIZE + 4);
        });
        const tables = tablesOnly(1, 40);
        const splicer = new TsSplicer();
        splicer.learn(tables, 0, tables.length / PACKET_SIZE);
        const before = packets.slice();
        const first = Math.min(cut, list.length);
        splicer.process(packets, 0, first, 0);
        splicer.switch(1);
        splicer.process(packets, first * PACKET_SIZE, list.length - first, 2);
        for (let at = 0; at < packets.length; at += PACKET_SIZE) {
          assert.equal(packets[at], 0x47);
          const pid = pidOf(packets, at);
          assert.ok(pid === pidOf(before, at) || pid === 0x1fff);
        }
      },
    ),
    { numRuns: 300 },
  );
});
