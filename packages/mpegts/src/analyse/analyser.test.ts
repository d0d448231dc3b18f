import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PACKET_SIZE, writePcrPacket } from "../packet.ts";
import { serializePesHeader } from "../pes.ts";
import { StreamBuilder } from "./analyse.test-support.ts";
import { TsAnalyser } from "./analyser.ts";
import type { TsReport } from "./report.ts";

const MS = 27_000;

function analyse(stream: StreamBuilder | Uint8Array, batch = 7): TsReport {
  const bytes = stream instanceof StreamBuilder ? stream.bytes() : stream;
  const analyser = new TsAnalyser();
  const count = bytes.length / PACKET_SIZE;
  for (let i = 0; i < count; i += batch) analyser.push(bytes, i * PACKET_SIZE, Math.min(batch, count - i));
  return analyser.report();
}

/** A constant-rate stream: a PCR every 40 packets (40 ms: 1.504 Mbit/s), tables every 400 ms. */
function steady(pcrs: number, jitterTicks: (i: number) => number = () => 0): StreamBuilder {
  const stream = new StreamBuilder();
  for (let i = 0; i < pcrs; i++) {
    const start = stream.count;
    stream.pcr(0x101, i * 40 * MS + jitterTicks(i));
    if (i % 10 === 0) stream.tables();
    stream.nulls(40 - (stream.count - start));
  }
  return stream;
}

test("a steady stream: rate, duration, tables, and not one error", () => {
  const report = analyse(steady(100));
  assert.equal(report.packets, 4000);
  assert.equal(report.bitrate, 1_504_000);
  assert.equal(report.constantRate, true);
  assert.equal(report.durationMs, 4000);
  assert.equal(report.transportStreamId, 7);
  assert.deepEqual(
    report.programs.map((p) => [p.number, p.pmtPid, p.pcrPid, p.streams[0]?.codec]),
    [[1, 0x100, 0x101, "h264"]],
  );
  const pat = report.tables.find((table) => table.tableId === 0);
  assert.deepEqual(pat?.interval, { minMs: 400, meanMs: 400, maxMs: 400 });
  assert.deepEqual(report.pcr[0]?.interval, { minMs: 40, meanMs: 40, maxMs: 40 });
  assert.ok((report.pcr[0]?.accuracy?.maxNs ?? 1) < 0.01);
  const { priority1, priority2 } = report.tr101290;
  assert.deepEqual(
    [...Object.values(priority1), ...Object.values(priority2)].filter((n) => n !== 0),
    [],
  );
});

test("the report does not hang on how the packets were cut into batches", () => {
  const stream = steady(30).data(0x1ff, { cc: 3 }).data(0x1ff, { cc: 9 }).nulls(600);
  const one = analyse(stream, 1);
  for (const batch of [2, 13, 500, 10_000]) assert.deepEqual(analyse(stream, batch), one);
});

test("PCR accuracy is measured to the nanosecond, and only beyond 500 ns is an error", () => {
  // Off by 10 ticks (370 ns) and by 27 ticks (1 µs), one in eight.
  const fine = analyse(steady(128, (i) => (i % 8 === 3 ? 10 : 0)));
  assert.equal(fine.tr101290.priority2.PCR_accuracy_error, 0);
  const bad = analyse(steady(128, (i) => (i % 8 === 3 ? 27 : 0)));
  assert.equal(bad.tr101290.priority2.PCR_accuracy_error, 16);
  const worst = bad.pcr[0]?.accuracy?.maxNs ?? 0;
  assert.ok(worst > 800 && worst < 1000, `${worst} ns`);
});

test("accuracy means nothing where the rate varies", () => {
  const stream = new StreamBuilder();
  for (let i = 0; i < 100; i++) stream.pcr(0x101, i * 40 * MS).nulls(i % 2 === 0 ? 10 : 50);
  const report = analyse(stream);
  assert.equal(report.constantRate, false);
  assert.equal(report.pcr[0]?.accuracy, undefined);
  assert.equal(report.tr101290.priority2.PCR_accuracy_error, 0);
});

test("PCR gaps and jumps", () => {
  const stream = new StreamBuilder();
  const times = [0, 40, 80, 230, 270, 20_000, 20_040, 10, 50];
  for (const ms of times) stream.pcr(0x101, ms * MS).nulls(39);
  const { priority2 } = analyse(stream).tr101290;
  assert.equal(priority2.PCR_repetition_error, 1, "80 to 230");
  assert.equal(priority2.PCR_discontinuity_indicator_error, 3, "and ahead to 20,000, and back to 10");
  assert.equal(priority2.PCR_error, 4);
  const announced = new StreamBuilder();
  for (const ms of times) announced.pcr(0x101, ms * MS, ms === 20_000 || ms === 10).nulls(39);
  const report = analyse(announced);
  assert.equal(report.tr101290.priority2.PCR_discontinuity_indicator_error, 1);
  assert.equal(report.pcr[0]?.announcedDiscontinuities, 2);
});

test("the PCR wraps without an error", () => {
  const wrap = 2 ** 33 * 300;
  const stream = new StreamBuilder();
  for (let i = 0; i < 80; i++) stream.pcr(0x101, (wrap - 1000 * MS + i * 40 * MS) % wrap).nulls(39);
  const report = analyse(stream);
  assert.equal(report.tr101290.priority2.PCR_error, 0);
  assert.equal(report.bitrate, 1_504_000);
  assert.ok((report.pcr[0]?.accuracy?.maxNs ?? 1) < 0.01);
});

test("continuity: duplicates once, losses, announced breaks, no payload", () => {
  const cases: readonly (readonly [
    name: string,
    build: (s: StreamBuilder) => void,
    errors: number,
    duplicates: number,
  ])[] = [
    ["in order over the wrap", (s) => [14, 15, 0, 1].forEach((cc) => void s.data(0x50, { cc })), 0, 0],
    ["one lost", (s) => [1, 2, 4].forEach((cc) => void s.data(0x50, { cc })), 1, 0],
    ["a duplicate", (s) => [1, 2, 2, 3].forEach((cc) => void s.data(0x50, { cc, fill: cc })), 0, 1],
    ["sent three times", (s) => [1, 2, 2, 2, 3].forEach((cc) => void s.data(0x50, { cc, fill: cc })), 1, 2],
    [
      "same counter, other content",
      (s) => [1, 2, 2, 3].forEach((cc, i) => void s.data(0x50, { cc, fill: i })),
      1,
      0,
    ],
    ["PCR only", (s) => void s.data(0x50, { cc: 4 }).pcr(0x50, 0).pcr(0x50, 1).data(0x50, { cc: 5 }), 0, 0],
    [
      "PCR only, after a loss",
      (s) => void s.data(0x50, { cc: 4 }).data(0x51, { cc: 0 }).raw(pcrOnly(0x50, 6)).data(0x50, { cc: 7 }),
      1,
      0,
    ],
    ["null packets", (s) => void s.nulls(5), 0, 0],
  ];
  for (const [name, build, errors, duplicates] of cases) {
    const stream = new StreamBuilder();
    build(stream);
    const report = analyse(stream);
    assert.equal(report.ccErrors, errors, name);
    assert.equal(report.duplicates, duplicates, name);
    assert.equal(report.tr101290.priority1.Continuity_count_error, errors, name);
  }
});

function pcrOnly(pid: number, continuity: number): Uint8Array {
  const packet = new Uint8Array(PACKET_SIZE);
  writePcrPacket(packet, 0, { pid, continuity, pcr27: 0 });
  return packet;
}

test("packets that are damaged or scrambled are counted, not read", () => {
  const stream = steady(5)
    .data(0x101, { error: true })
    .data(0x101, { scrambled: true })
    .raw(new Uint8Array(PACKET_SIZE));
  const report = analyse(stream);
  assert.equal(report.tr101290.priority2.Transport_error, 1);
  assert.equal(report.tr101290.priority1.Sync_byte_error, 1);
  assert.equal(report.tr101290.priority1.TS_sync_loss, 0);
  assert.equal(report.scrambledPackets, 1);
  assert.equal(report.programs[0]?.scrambled, true);
  assert.equal(report.tr101290.priority2.CAT_error, 1, "scrambled, and no CAT");
});

test("two wrong sync bytes in a row are a loss", () => {
  const stream = steady(2).raw(new Uint8Array(PACKET_SIZE)).raw(new Uint8Array(PACKET_SIZE)).nulls(1);
  assert.equal(analyse(stream).tr101290.priority1.TS_sync_loss, 1);
});

test("tables that stay away: one error for every half second", () => {
  // 1.6 s after the last PAT and PMT, which are 1,600 packets.
  const stream = steady(11);
  for (let i = 11; i < 50; i++) stream.pcr(0x101, i * 40 * MS).nulls(39);
  const { priority1 } = analyse(stream).tr101290;
  assert.equal(priority1.PAT_error, 3);
  assert.equal(priority1.PMT_error, 3);
});

test("a PID of the PMT that never comes", () => {
  const stream = new StreamBuilder().tables();
  // The clock runs on a PID of its own; 0x101 is missing for 11 s, beyond its limit twice.
  for (let i = 0; i < 275; i++) stream.pcr(0x1f0, i * 40 * MS).nulls(39);
  const { priority1 } = analyse(stream).tr101290;
  assert.equal(priority1.PID_error, 2 + 2, "0x101 twice, and its PMT");
});

test("a CRC error in the PAT, a strange table on its PID", () => {
  const broken = new StreamBuilder().tables().bytes().slice(0, PACKET_SIZE);
  broken[15] = (broken[15] as number) ^ 1;
  const strange = new StreamBuilder()
    .tables()
    .bytes()
    .slice(PACKET_SIZE, 2 * PACKET_SIZE);
  strange[1] = 0x40;
  strange[2] = 0;
  strange[3] = 0x11;
  const { tr101290 } = analyse(new StreamBuilder().raw(broken).raw(strange).nulls(3));
  assert.equal(tr101290.priority2.CRC_error, 1);
  assert.equal(tr101290.priority1.PAT_error, 1);
});

test("PTS: first, last, longest interval, and gaps of more than 700 ms", () => {
  const stream = new StreamBuilder().tables();
  for (let i = 0; i < 60; i++) {
    stream.pcr(0x1f0, i * 40 * MS);
    // None between 400 and 1,200 ms.
    if (i < 10 || i > 30) stream.raw(pesPacket(i * 3600, i < 10 ? i : i - 21));
    stream.nulls(i < 10 || i > 30 ? 38 : 39);
  }
  const report = analyse(stream);
  const pts = report.pids.find((pid) => pid.pid === 0x101)?.pts;
  assert.equal(pts?.count, 39);
  assert.equal(pts?.first, 0);
  assert.equal(pts?.last, 59 * 3600);
  assert.equal(Math.round(pts?.maxIntervalMs ?? 0), 880);
  assert.equal(report.tr101290.priority2.PTS_error, 1);
});

function pesPacket(pts: number, cc: number): Uint8Array {
  const packet = new Uint8Array(PACKET_SIZE).fill(0xff);
  packet.set([0x47, 0x41, 0x01, 0x10 | (cc & 15)]);
  packet.set(serializePesHeader({ streamId: 0xe0, payloadLength: 0, pts }), 4);
  return packet;
}

test("tables that change: by version, and without", () => {
  const report = analyse(new StreamBuilder().tables(0).tables(1).tables(1, 0x24));
  assert.deepEqual(
    report.tables.map((table) => [table.name, table.version, table.versionChanges, table.sections]),
    [
      ["PAT", 1, 1, 3],
      ["PMT", 1, 1, 3],
    ],
  );
  assert.equal(report.programs[0]?.streams[0]?.name, "HEVC");
});

test("a section with the counter of the one before is no duplicate if it differs", () => {
  const first = new StreamBuilder().tables(0).bytes();
  const second = new StreamBuilder().tables(1).bytes();
  const analyser = new TsAnalyser();
  analyser.push(first, 0, 2);
  analyser.push(second, 0, 2);
  const report = analyser.report();
  assert.equal(report.ccErrors, 2);
  assert.deepEqual(
    report.tables.map((table) => table.version),
    [1, 1],
  );
});

test("without a PCR the arrival times tell the rate", () => {
  const analyser = new TsAnalyser();
  const bytes = new StreamBuilder().nulls(100).bytes();
  for (let i = 0; i < 10; i++) analyser.push(bytes, i * 10 * PACKET_SIZE, 10, i * 10e6);
  const report = analyser.report();
  assert.equal(report.bitrateBy, "arrival");
  assert.equal(Math.round(report.bitrate ?? 0), 1_504_000);
});

test("rubbish never throws", () => {
  const base = steady(12).bytes();
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(base.length - 1), fc.nat(255)), { maxLength: 60 }), (changes) => {
      const bytes = base.slice();
      for (const [at, value] of changes) bytes[at] = value;
      const report = analyse(bytes, 100);
      assert.equal(report.packets, bytes.length / PACKET_SIZE);
      JSON.stringify(report);
    }),
    { numRuns: 100 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 2 * PACKET_SIZE, maxLength: 2 * PACKET_SIZE }), (bytes) => {
      bytes[0] = 0x47;
      bytes[PACKET_SIZE] = 0x47;
      analyse(bytes);
    }),
    { numRuns: 200 },
  );
});
