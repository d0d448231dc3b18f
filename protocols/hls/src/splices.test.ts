import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { marksOf, readSplice, type SpliceMessage, splicesOf } from "./splices.ts";
import { insert, section, time, uint } from "./testing/splice-sections.ts";

const WALL = Date.UTC(2030, 0, 1);
const BOTH = { dateRanges: true, cues: true };

/** time_signal with a segmentation descriptor. */
function signal(typeId: number, { event = 7, pts = 0, duration = 0 } = {}) {
  const flags = duration === 0 ? 0xbf : 0xff;
  const fields = [
    ...uint(event, 4),
    0x7f,
    flags,
    ...(duration === 0 ? [] : uint(duration, 5)),
    0,
    0,
    typeId,
    0,
    0,
  ];
  const descriptor = [2, fields.length + 4, ...Buffer.from("CUEI"), ...fields];
  return section(0x06, time(pts, 0xfe), { descriptors: descriptor });
}

/** It came at `WALL` plus so many seconds, when the source's clock said `ticks`. */
function message(bytes: Uint8Array, seconds = 0, ticks = 90_000 * (100 + seconds)): SpliceMessage {
  return { section: bytes, wallMs: WALL + seconds * 1000, ticks };
}

describe("a splice", () => {
  for (const [name, bytes, ticks, wanted] of [
    ["out at once", insert({}), 0, ["out", 0]],
    ["out in 4 s", insert({ pts: 360_000 }), 0, ["out", 4000]],
    ["in 2 s ago", insert({ out: false, pts: 0 }), 180_000, ["in", -2000]],
    ["over the wrap", insert({ pts: 45_000 }), 2 ** 33 - 45_000, ["out", 1000]],
    ["on a clock that was unwrapped", insert({ pts: 45_000 }), 3 * 2 ** 33 - 45_000, ["out", 1000]],
    ["with an adjustment", insert({ pts: 90_000, adjustment: 90_000 }), 0, ["out", 2000]],
    ["on another clock", insert({ pts: 2 ** 32 }), 0, ["out", 0]],
    ["break start", signal(0x22, { pts: 90_000 }), 0, ["out", 1000]],
    ["break end", signal(0x23), 0, ["in", 0]],
    ["distributor's opportunity, end", signal(0x37), 0, ["in", 0]],
    ["program start", signal(0x10), 0, ["command", 0]],
  ] as const) {
    test(name, () => {
      const found = readSplice(message(bytes, 0, ticks));
      assert.deepEqual([found?.kind, (found?.atMs ?? 0) - WALL], wanted);
    });
  }

  for (const [name, bytes] of [
    ["null", section(0x00, [])],
    ["cancelled", insert({ cancelled: true })],
    ["time_signal that says nothing", section(0x06, time(0, 0xfe))],
    ["damaged", insert({}).fill(0x55, 12, 14)],
    ["empty", new Uint8Array(0)],
  ] as const) {
    test(`none: ${name}`, () => assert.equal(readSplice(message(bytes)), undefined));
  }
});

test("repeated commands count once, and an in belongs to its out", () => {
  const at = 90_000 * 110;
  const splices = splicesOf([
    message(insert({ pts: at }), 2),
    message(insert({ pts: at }), 3),
    message(insert({ event: 8, pts: at }), 3),
    message(insert({ out: false, pts: at + 90_000 * 30 }), 30),
    message(insert({ out: false, pts: at + 90_000 * 30 }), 31),
    message(insert({ pts: at + 90_000 * 300 }), 290),
  ]);
  assert.deepEqual(
    splices.map(({ id, out, in: back }) => [
      id,
      out?.event,
      back === undefined ? undefined : back.atMs - WALL,
    ]),
    [
      [`splice-7-${WALL + 10_000}`, 7, 40_000],
      [`splice-8-${WALL + 10_000}`, 8, undefined],
      [`splice-7-${WALL + 310_000}`, 7, undefined],
    ],
  );
});

describe("in a playlist", () => {
  const stretches = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({ startMs: WALL + (from + 2 * i) * 1000 }));
  const look = (bytes: readonly SpliceMessage[], from: number, options: Partial<typeof BOTH> = {}) => {
    const marks = marksOf(splicesOf(bytes), stretches(from, 4), {
      ...BOTH,
      ...options,
      endMs: WALL + (from + 8) * 1000,
    });
    return marks.map(({ dateRanges, tags }) =>
      [
        ...dateRanges.map((range) => (range.scte35Out ? "OUT" : range.scte35In ? "IN" : "CMD")),
        ...tags.map((tag) => tag.replace(/^#EXT-(X-|OATCLS-)/, "").replace(/(SCTE35):.*/, "$1")),
      ].join(" "),
    );
  };
  const breakOf = [message(insert({ pts: 90_000 * 103, duration: 90_000 * 6 }), 0)];

  test("CUE-OUT stands before the first segment within, CONT before the others, CUE-IN behind", () => {
    assert.deepEqual(look(breakOf, 0, { dateRanges: false }), [
      "",
      "",
      "SCTE35 CUE-OUT:DURATION=6.000",
      "CUE-OUT-CONT:ElapsedTime=3.000,Duration=6.000",
      "",
    ]);
    assert.deepEqual(look(breakOf, 4, { dateRanges: false }), [
      "SCTE35 CUE-OUT:DURATION=6.000",
      "CUE-OUT-CONT:ElapsedTime=3.000,Duration=6.000",
      "CUE-OUT-CONT:ElapsedTime=5.000,Duration=6.000",
      "CUE-IN",
      "",
    ]);
    assert.deepEqual(
      look(breakOf, 6, { dateRanges: false })[0],
      "CUE-OUT-CONT:ElapsedTime=3.000,Duration=6.000",
    );
    assert.deepEqual(look(breakOf, 10, { dateRanges: false }), ["CUE-IN", "", "", "", ""]);
    assert.deepEqual(look(breakOf, 12, { dateRanges: false }), ["", "", "", "", ""]);
  });

  test("a date range stands with the segment in which it begins, as long as it is not over", () => {
    assert.deepEqual(look(breakOf, 0, { cues: false }), ["", "OUT", "", "", ""]);
    assert.deepEqual(look(breakOf, 8, { cues: false }), ["OUT", "", "", "", ""]);
    assert.deepEqual(look(breakOf, 10, { cues: false }), ["", "", "", "", ""]);
    assert.deepEqual(look([message(insert({ pts: 90_000 * 109 }))], 0, { cues: false }), [
      "",
      "",
      "",
      "",
      "OUT",
    ]);
    assert.deepEqual(look([message(signal(0x10, { pts: 90_000 * 100 }))], 0, { cues: false }), [
      "CMD",
      "",
      "",
      "",
      "",
    ]);
  });

  test("out and in share an id and a start, and say how long it was", () => {
    const marks = marksOf(
      splicesOf([
        message(insert({ pts: 90_000 * 101 })),
        message(insert({ out: false, pts: 90_000 * 105 }), 4),
      ]),
      stretches(0, 4),
      { ...BOTH, endMs: WALL + 8000 },
    );
    const [out, back] = marks.flatMap(({ dateRanges }) => dateRanges);
    assert.equal(back?.id, out?.id);
    assert.equal(back?.startDateMs, out?.startDateMs);
    assert.equal(back?.durationUs, 4_000_000);
  });

  test("without splices nothing is said", () => {
    assert.deepEqual(look([], 0), ["", "", "", "", ""]);
  });
});
