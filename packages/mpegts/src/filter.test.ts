import assert from "node:assert/strict";
import { test } from "node:test";
import { concat } from "@millrace/bytes";
import fc from "fast-check";
import { buildDescriptor } from "./descriptor-loop.ts";
import { filterTs, TsProgramFilter } from "./filter.ts";
import { readTsFilter, type TsFilterOptions } from "./filter-options.ts";
import {
  continuityOf,
  HEADER_PAYLOAD,
  hasPayload,
  hasPcr,
  PACKET_SIZE,
  packHeader,
  pcrOf,
  pidOf,
  writeHeader,
  writeNull,
  writePcrPacket,
} from "./packet.ts";
import {
  buildSection,
  type Pmt,
  type PmtStream,
  parsePat,
  parsePmt,
  serializePat,
  serializePmt,
} from "./psi.ts";
import { SectionAssembler, SectionPacketizer } from "./section.ts";
import { missing, sharedMedia } from "./testing/media.ts";

const ALL: TsFilterOptions = { nit: false, subtitles: true };
const NONE: Uint8Array = new Uint8Array(0);

function filtered(bytes: Uint8Array, options: Partial<TsFilterOptions>, chunk = bytes.length): Uint8Array {
  const parts: Uint8Array[] = [];
  const filter = new TsProgramFilter({ ...ALL, ...options }, (buf, start, count) => {
    parts.push(buf.slice(start, start + count * PACKET_SIZE));
  });
  for (let at = 0; at < bytes.length; at += chunk) filter.push(bytes.subarray(at, at + chunk));
  filter.flush();
  return concat(parts);
}

function packetsOf(bytes: Uint8Array, pid: number): Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += PACKET_SIZE) {
    if (pidOf(bytes, at) === pid) packets.push(bytes.subarray(at, at + PACKET_SIZE));
  }
  return packets;
}

function pidsOf(bytes: Uint8Array): number[] {
  const pids = new Set<number>();
  for (let at = 0; at < bytes.length; at += PACKET_SIZE) pids.add(pidOf(bytes, at));
  return [...pids].toSorted((a, b) => a - b);
}

function sectionsOf(bytes: Uint8Array, pid: number): Uint8Array[] {
  const sections: Uint8Array[] = [];
  const assembler = new SectionAssembler((section) => sections.push(section.slice()));
  for (const packet of packetsOf(bytes, pid)) assembler.push(packet, 0);
  assert.equal(assembler.crcErrors + assembler.lengthErrors + assembler.lossErrors, 0);
  return sections;
}

/** Counters of continuity that do not go on, over all PIDs but null. */
function continuityErrors(bytes: Uint8Array): number {
  const last = new Map<number, number>();
  let errors = 0;
  for (let at = 0; at < bytes.length; at += PACKET_SIZE) {
    const pid = pidOf(bytes, at);
    if (pid === 0x1fff || !hasPayload(bytes, at)) continue;
    const before = last.get(pid);
    if (before !== undefined && continuityOf(bytes, at) !== ((before + 1) & 15)) errors++;
    last.set(pid, continuityOf(bytes, at));
  }
  return errors;
}

function media(pid: number, continuity: number): Uint8Array {
  const packet = new Uint8Array(PACKET_SIZE).fill(pid & 0xff);
  writeHeader(packet, 0, packHeader(pid, continuity, HEADER_PAYLOAD));
  return packet;
}

function stream(pid: number, streamType = 0x1b, descriptors: Uint8Array = NONE): PmtStream {
  return { pid, streamType, descriptors };
}

const TELETEXT = stream(0x103, 6, buildDescriptor(0x56, [0x65, 0x6e, 0x67, 0x09, 0x00]));
const CA = buildDescriptor(0x09, [0x0b, 0x00, 0xe2, 0x00]);
const FIRST: Pmt = {
  program: 1,
  version: 3,
  pcrPid: 0x101,
  descriptors: NONE,
  streams: [stream(0x101), stream(0x102, 0x0f), TELETEXT],
};
const SECOND: Pmt = { program: 2, version: 0, pcrPid: 0x1ff, descriptors: CA, streams: [stream(0x201)] };

/** Two programs, the second with a PCR PID of its own and ECM on 0x200; NIT on 0x10, nulls. */
function twoPrograms(laps = 4, first: Pmt = FIRST): Uint8Array {
  const pat = { transportStreamId: 7, version: 5, networkPid: 0x10 };
  const programs = [
    { number: 1, pmtPid: 0x100 },
    { number: 2, pmtPid: 0x110 },
  ];
  const tables = [
    { out: new SectionPacketizer(0), section: serializePat({ ...pat, programs }) },
    { out: new SectionPacketizer(0x100), section: serializePmt(first) },
    { out: new SectionPacketizer(0x110), section: serializePmt(SECOND) },
    {
      out: new SectionPacketizer(0x10),
      section: buildSection(
        { tableId: 0x40, extension: 1, version: 0, current: true, number: 0, last: 0 },
        NONE,
      ),
    },
  ];
  const parts: Uint8Array[] = [];
  for (let lap = 0; lap < laps; lap++) {
    for (const { out, section } of tables) parts.push(out.packetize([section]));
    for (const pid of [0x101, 0x102, 0x103, 0x200, 0x201]) parts.push(media(pid, lap & 15));
    const pcr = new Uint8Array(PACKET_SIZE);
    writePcrPacket(pcr, 0, { pid: 0x1ff, continuity: 0, pcr27: lap * 1_000_000 });
    const idle = new Uint8Array(PACKET_SIZE);
    writeNull(idle, 0);
    parts.push(pcr, idle);
  }
  return concat(parts);
}

const CASES: readonly {
  name: string;
  options: Partial<TsFilterOptions>;
  pids: number[];
  pat: number[];
  nit: boolean;
}[] = [
  { name: "program 1", options: { program: 1 }, pids: [0, 0x100, 0x101, 0x102, 0x103], pat: [1], nit: false },
  {
    name: "program 2: PCR PID and ECM",
    options: { program: 2 },
    pids: [0, 0x110, 0x1ff, 0x200, 0x201],
    pat: [2],
    nit: false,
  },
  {
    name: "program with NIT",
    options: { program: 1, nit: true },
    pids: [0, 0x10, 0x100, 0x101, 0x102, 0x103],
    pat: [1],
    nit: true,
  },
  {
    name: "program and PIDs",
    options: { program: 1, pids: [0x101, 0x102] },
    pids: [0, 0x100, 0x101, 0x102],
    pat: [1],
    nit: false,
  },
  {
    name: "PIDs choose the program",
    options: { pids: [0x201] },
    pids: [0, 0x110, 0x1ff, 0x200, 0x201, 0x1fff],
    pat: [2],
    nit: false,
  },
  {
    name: "no subtitles, the rest as it is",
    options: { subtitles: false },
    pids: [0, 0x10, 0x100, 0x101, 0x102, 0x110, 0x1ff, 0x200, 0x201, 0x1fff],
    pat: [1, 2],
    nit: true,
  },
];

for (const { name, options, pids, pat, nit } of CASES) {
  test(`keeps ${name}`, () => {
    const input = twoPrograms();
    const output = filtered(input, options);
    assert.deepEqual(pidsOf(output), pids);
    assert.equal(continuityErrors(output), 0);
    const table = parsePat(sectionsOf(output, 0)[0] as Uint8Array);
    assert.deepEqual(
      table?.programs.map(({ number }) => number),
      pat,
    );
    assert.equal(table?.networkPid !== undefined, nit);
    assert.equal(table?.transportStreamId, 7);
    for (const pid of pids.filter((it) => it > 0x110 && it < 0x1fff)) {
      assert.deepEqual(packetsOf(output, pid), packetsOf(input, pid).slice(-packetsOf(output, pid).length));
    }
  });
}

test("the PMT speaks of what is kept", () => {
  const streams = (options: Partial<TsFilterOptions>) =>
    parsePmt(sectionsOf(filtered(twoPrograms(), options), 0x100)[0] as Uint8Array)?.streams.map(
      ({ pid }) => pid,
    );
  assert.deepEqual(streams({ program: 1 }), [0x101, 0x102, 0x103]);
  assert.deepEqual(streams({ program: 1, subtitles: false }), [0x101, 0x102]);
  assert.deepEqual(streams({ program: 1, pids: [0x102] }), [0x102]);
});

test("of a PCR PID that is not wanted the PCR is kept", () => {
  const withPcr = media(0x101, 1);
  writePcrPacket(withPcr, 0, { pid: 0x101, continuity: 1, pcr27: 123_456_789 });
  const output = filtered(concat([twoPrograms(), withPcr, media(0x101, 2)]), { program: 1, pids: [0x102] });
  const pcr = packetsOf(output, 0x101);
  assert.equal(pcr.length, 1);
  assert.ok(hasPcr(pcr[0] as Uint8Array, 0) && !hasPayload(pcr[0] as Uint8Array, 0));
  assert.equal(pcrOf(pcr[0] as Uint8Array, 0), 123_456_789);
});

test("follows a PMT that changes", () => {
  const next: Pmt = { ...FIRST, version: 4, pcrPid: 0x141, streams: [stream(0x141)] };
  const before = twoPrograms(3);
  const after = concat([twoPrograms(3, next), media(0x141, 0), media(0x101, 0)]);
  const output = filtered(concat([before, after]), { program: 1 });
  const last = output.subarray(filtered(before, { program: 1 }).length);
  assert.equal(packetsOf(last, 0x141).length, 1);
  assert.equal(parsePmt(sectionsOf(output, 0x100).at(-1) as Uint8Array)?.version, 4);
  // The PAT stands before the first new PMT, and 0x101 was in force until that.
  assert.deepEqual(pidsOf(last), [0, 0x100, 0x141]);
});

test("when PIDs choose another program the PAT changes its version", () => {
  const moved: Pmt = { ...FIRST, version: 4, streams: [stream(0x201)] };
  const output = filtered(concat([twoPrograms(3), twoPrograms(3, moved)]), { pids: [0x201] });
  const pats = sectionsOf(output, 0).map((section) => parsePat(section));
  assert.deepEqual(pats[0]?.programs.length, 1);
  assert.deepEqual(pats.at(-1)?.programs.length, 2);
  assert.notEqual(pats[0]?.version, pats.at(-1)?.version);
});

test("a program that is not there is counted", () => {
  const counts: Record<string, number> = {};
  let bytes = 0;
  const target = {
    ts: (part: Uint8Array) => void (bytes += part.length),
    count: (name: string, by = 1) => void (counts[name] = (counts[name] ?? 0) + by),
  };
  filterTs(target, { ...ALL, program: 9 }).ts(twoPrograms(3));
  assert.equal(bytes, 0);
  assert.deepEqual(counts, { programMissing: 3, filteredPackets: 3 * 10 });
  assert.equal(filterTs(target, undefined), target);
});

test("options", () => {
  assert.equal(readTsFilter({}), undefined);
  assert.equal(readTsFilter({ bypass_nit: true, allow_subtitles: true }), undefined);
  assert.deepEqual(readTsFilter({ program: 2001, bypass_nit: true }), {
    program: 2001,
    nit: true,
    subtitles: true,
  });
  assert.deepEqual(readTsFilter({ pids: ["45", "46"] }), { pids: [45, 46], nit: false, subtitles: true });
  assert.deepEqual(readTsFilter({ allow_subtitles: false }), { nit: false, subtitles: false });
});

test("rubbish and damage never throw, and what comes out is whole packets", () => {
  const input = twoPrograms(6);
  const damage = fc.array(fc.tuple(fc.nat(input.length - 1), fc.nat(255)), { maxLength: 200 });
  fc.assert(
    fc.property(
      damage,
      fc.integer({ min: 1, max: 2000 }),
      fc.constantFrom(...CASES),
      (spots, chunk, { options }) => {
        const bytes = input.slice();
        for (const [at, value] of spots) bytes[at] = value;
        const output = filtered(bytes, options, chunk);
        assert.equal(output.length % PACKET_SIZE, 0);
        for (let at = 0; at < output.length; at += PACKET_SIZE) assert.equal(output[at], 0x47);
      },
    ),
    { numRuns: 150 },
  );
});

const MPTS = "ts/derived/mpts_4services_si_eit.ts";
const SERVICES = [
  { program: 101, pmt: 0x1000, pids: [0x100, 0x101] },
  { program: 102, pmt: 0x1001, pids: [0x102, 0x103] },
  { program: 103, pmt: 0x1002, pids: [0x104, 0x105] },
  { program: 104, pmt: 0x1003, pids: [0x106, 0x107] },
];

for (const { program, pmt, pids } of SERVICES) {
  test(`program ${program} of a capture with four`, (t) => {
    const input = sharedMedia(MPTS);
    if (input === undefined) return t.skip(missing(MPTS));
    const output = filtered(input, { program }, 7 * PACKET_SIZE);
    assert.deepEqual(pidsOf(output), [0, 0x11, 0x12, 0x14, ...pids, pmt]);
    assert.equal(continuityErrors(output), 0);
    for (const pid of pids) {
      const all = packetsOf(input, pid);
      const kept = packetsOf(output, pid);
      assert.ok(kept.length > 0.95 * all.length, `${kept.length} of ${all.length}`);
      assert.deepEqual(kept, all.slice(all.length - kept.length));
    }
    const services = sectionsOf(output, 0x11);
    assert.ok(services.length > 1);
    for (const sdt of services) assert.equal(((sdt[11] as number) << 8) | (sdt[12] as number), program);
    const events = sectionsOf(output, 0x12);
    assert.ok(events.length > 1);
    for (const eit of events) assert.equal(((eit[3] as number) << 8) | (eit[4] as number), program);
    const ofProgram = (section: Uint8Array) =>
      (((section[3] as number) << 8) | (section[4] as number)) === program;
    const received = sectionsOf(input, 0x12).filter(ofProgram);
    assert.deepEqual(events, received.slice(received.length - events.length));
  });
}
