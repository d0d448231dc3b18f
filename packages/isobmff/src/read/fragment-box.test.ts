import assert from "node:assert/strict";
import { test } from "node:test";
import { audioFragment, boxed, init, join } from "../fragments.test-support.ts";
import { type IsoProblemCode, ticksOf } from "../index.ts";
import { bytesOf, collect, feed, hex } from "../media.test-support.ts";
import { AAC, OPUS } from "../tracks.test-support.ts";

const DATA = join(bytesOf("00000010 6d646174"), bytesOf("0102030405060708"));
interface Told {
  /** Flags of tfhd, its base offset, and its other optional fields. */
  readonly flags?: number;
  readonly base?: number;
  readonly fields?: readonly number[];
  /** The 64 bits of a tfdt; none without. */
  readonly time?: readonly [high: number, low: number];
  /** Flags of trun, and what follows them; none without. */
  readonly run?: readonly [flags: number, ...fields: number[]];
}

/** A moof with fields as told. */
function moofOf({ flags = 0, base, fields = [], time, run }: Told): Uint8Array {
  return boxed((writer) => {
    writer
      .begin("moof")
      .beginFull("mfhd", 0, 0)
      .u32(1)
      .end()
      .begin("traf")
      .beginFull("tfhd", 0, flags)
      .u32(2);
    if (base !== undefined) writer.u64(base);
    for (const field of fields) writer.u32(field);
    writer.end();
    if (time !== undefined) writer.beginFull("tfdt", 1, 0).u32(time[0]).u32(time[1]).end();
    if (run !== undefined) {
      const [runFlags, ...runFields] = run;
      writer.beginFull("trun", 0, runFlags);
      for (const field of runFields) writer.u32(field);
      writer.end();
    }
    writer.end().end();
  });
}

/** One of two samples: each of 1024 ticks and four bytes, told in tfhd. */
function twoSamples(flags: number, { base, offset }: { base?: number; offset?: number } = {}): Uint8Array {
  return moofOf({
    flags,
    ...(base !== undefined && { base }),
    fields: [1024, 4],
    run: offset === undefined ? [0, 2] : [1, 2, offset],
  });
}

const START = init(AAC).length;

/** What tfhd and trun say of the place of the data; `moof` is that of the fragment. */
const PLACES: readonly (readonly [string, (moof: number) => Uint8Array])[] = [
  ["base is moof, with data offset", (moof) => twoSamples(0x20018, { offset: moof + 8 })],
  ["neither base nor offset", () => twoSamples(0x18)],
  ["no base, with data offset", (moof) => twoSamples(0x18, { offset: moof + 8 })],
  [
    "base from the start of the file, with data offset",
    (moof) => twoSamples(0x19, { base: START, offset: moof + 8 }),
  ],
  ["base from the start of the file, at the data", (moof) => twoSamples(0x19, { base: START + moof + 8 })],
  ["base of another file", (moof) => twoSamples(0x19, { base: 3, offset: moof + 8 })],
];
for (const [name, make] of PLACES) {
  test(`data of a fragment: ${name}; no tfdt`, () => {
    const moof = make(make(0).length);
    const { reader, units } = collect();
    feed(reader, join(init(AAC), moof, DATA), 13);
    assert.deepEqual(
      units.map(({ bytes, dts }) => [hex(bytes), dts]),
      [
        ["01020304", 0],
        ["05060708", ticksOf(1024, 44_100)],
      ],
    );
  });
}

const HUGE = bytesOf("00000001 6d6f6f76 00000fff00000000");
const MOOV = init(AAC);
/** Violations. */
const BROKEN: readonly (readonly [string, IsoProblemCode, Uint8Array])[] = [
  ["a size below that of the header", "isobmff.box-size", bytesOf("00000007 6d6f6f76")],
  ["a size beyond what numbers hold", "isobmff.box-size", bytesOf("00000001 6d646174 ff00000000000000")],
  ["a moov that is too large", "isobmff.too-large", HUGE],
  ["a moof without end", "isobmff.too-large", bytesOf("00000000 6d6f6f66")],
  ["an inner box that ends outside", "isobmff.box-size", bytesOf("00000010 6d6f6f76 00000009 74726168")],
  ["a run that promises samples", "isobmff.table", join(MOOV, moofOf({ run: [0x200, 0x7fffffff] }))],
  [
    "a run of samples that take no bytes to tell",
    "isobmff.table",
    join(MOOV, moofOf({ flags: 0x10, fields: [0], run: [0, 100_001] })),
  ],
  ["a time beyond what numbers hold", "isobmff.table", join(MOOV, moofOf({ time: [0xffffffff, 0] }))],
];
for (const [name, code, bytes] of BROKEN) {
  test(`violation: ${name}`, () => {
    for (const piece of [bytes.length, 1]) {
      const { reader, units } = collect();
      assert.throws(() => feed(reader, bytes, piece), { name: "IsoProblem", code, kind: "violation" });
      reader.reset();
      feed(reader, join(init(OPUS), audioFragment(1, { time: 0, track: 3 })));
      assert.equal(units.length, 1);
    }
  });
}

test("more media data than is bearable", () => {
  const { reader } = collect({ maxDataBytes: 20 });
  feed(reader, join(init(AAC), audioFragment(3, { time: 0 })));
  assert.throws(() => feed(reader, audioFragment(4, { time: 3072 })), { code: "isobmff.too-large" });
});
