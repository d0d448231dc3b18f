import assert from "node:assert/strict";
import { test } from "node:test";
import { concat, crc32Mpeg } from "@millrace/bytes";
import { PACKET_SIZE, pidOf, writeContinuity } from "../packet.ts";
import { parsePmt, serializePmt } from "../psi.ts";
import { SectionPacketizer } from "../section.ts";
import { missing } from "../testing/media.ts";
import { BEAR, capture, join, sectionsOf, tablesOnly } from "./testing/join.ts";

test("tables that differ get new versions, tables that stay keep theirs", (t) => {
  const path = "ts/hevc/bear-640x360-hevc.ts";
  const h264 = capture(BEAR)!;
  const h265 = capture(path);
  if (h265 === undefined) return t.skip(missing(path));
  const pmtPid = 0x1000;
  const { out } = join([h264, h264, h265, h265, h264]);
  const seen: [type: number, version: number][] = [];
  for (const section of sectionsOf(out, pmtPid)) {
    const pmt = parsePmt(section)!;
    const now: [number, number] = [pmt.streams[0]!.streamType, pmt.version];
    if (seen.length === 0 || String(seen.at(-1)) !== String(now)) seen.push(now);
  }
  const first = seen[0]![1];
  assert.deepEqual(seen, [
    [0x1b, first],
    [0x24, first + 1],
    [0x1b, first + 2],
  ]);
});

/** Continuous counters for a stream that was put together of pieces. */
function renumber(packets: Uint8Array): void {
  const counters = new Map<number, number>();
  for (let at = 0; at < packets.length; at += PACKET_SIZE) {
    const next = (counters.get(pidOf(packets, at)) ?? 0) + 1;
    counters.set(pidOf(packets, at), next);
    writeContinuity(packets, at, next);
  }
}

const versions = (packets: Uint8Array) =>
  sectionsOf(packets, 0x20).map((section) => parsePmt(section)!.version);

for (const [size, streams] of [
  ["one packet", 3],
  ["many packets", 150],
] as const) {
  test(`version numbers of a PMT of ${size}`, () => {
    const same = join([tablesOnly(31, streams), tablesOnly(31, streams, 0x300)]).out;
    assert.deepEqual([...new Set(versions(same))], [31, 0], "the same version for other content will not do");
    const lower = join([tablesOnly(7, streams), tablesOnly(3, streams, 0x300)]).out;
    assert.deepEqual([...new Set(versions(lower))], [7, 8], "it goes on whatever the input says");
    const changing = concat([tablesOnly(3, streams, 0x300), tablesOnly(4, streams, 0x800)]);
    renumber(changing);
    const changed = versions(join([tablesOnly(7, streams), changing]).out);
    assert.equal(changed.length, 30);
    assert.deepEqual([...new Set(changed)], [7, 8, 9], "it follows changes inside the input");
    const unsaid = concat([tablesOnly(3, streams, 0x300), tablesOnly(3, streams, 0x800)]);
    renumber(unsaid);
    const told = versions(join([tablesOnly(7, streams), unsaid]).out);
    assert.deepEqual([...new Set(told)], [7, 8, 9], "even those that the input does not tell");
  });
}

test("a table that comes back unchanged under another version keeps the version sent", () => {
  const { out } = join([tablesOnly(5, 4), tablesOnly(9, 4)]);
  assert.deepEqual([...new Set(versions(out))], [5]);
  const long = versions(join([tablesOnly(5, 150), tablesOnly(9, 150)]).out);
  assert.ok(new Set(long).size <= 2, "a long one may get a new version once");
});

/** A splice_info_section with the given pts_adjustment (SCTE 35 §9.6). */
function cue(adjustment: number): Uint8Array {
  const section = new Uint8Array(20 + 100);
  section.set([0xfc, 0x30, section.length - 3, 0, adjustment >= 2 ** 32 ? 1 : 0]);
  for (let i = 0; i < 4; i++) section[5 + i] = Math.floor(adjustment / 256 ** (3 - i));
  const crc = crc32Mpeg(section, 0, section.length - 4);
  for (let i = 0; i < 4; i++) section[section.length - 4 + i] = crc >>> (24 - 8 * i);
  return section;
}

test("cues are moved with the clock, whole and over packets", () => {
  const input = capture(BEAR)!;
  const pmt = parsePmt(sectionsOf(input, 0x1000)[0]!)!;
  const streams = [...pmt.streams, { streamType: 0x86, pid: 0x1f0, descriptors: new Uint8Array(0) }];
  const tables = new SectionPacketizer(0x1000, 5).packetize([serializePmt({ ...pmt, streams })]);
  const near = 2 ** 33 - 1000;
  const cues = new SectionPacketizer(0x1f0).packetize([cue(0), cue(near)]);
  const { out, splicer } = join([input, concat([input.subarray(0, 4 * PACKET_SIZE), tables, cues])], {
    batch: 1,
  });
  const found = sectionsOf(out, 0x1f0);
  const adjustments = found.map(
    (s) => (s[4]! & 1) * 2 ** 32 + (s[5]! * 2 ** 24 + (s[6]! << 16) + (s[7]! << 8) + s[8]!),
  );
  assert.deepEqual(adjustments, [splicer.offset, (near + splicer.offset) % 2 ** 33]);
  assert.ok(splicer.offset > 0);
});
