import assert from "node:assert/strict";
import { test } from "node:test";
import { putU32be } from "@millrace/bytes";
import fc from "fast-check";
import { audioFragment, boxed, init, join, sample } from "../fragments.test-support.ts";
import {
  boxTree,
  type EventMessage,
  fragmentHead,
  nodesAt,
  type ReadProducerTime,
  ticksOf,
} from "../index.ts";
import { bytesOf, collect, feed, hex } from "../media.test-support.ts";
import { AAC, H264, IDR, OPUS, P_SLICE, PPS, SPS } from "../tracks.test-support.ts";

test("units of all tracks come in the order of their times", () => {
  const { reader, units } = collect();
  const video = [0, 1].map((i) => sample({ key: i === 0, durationTicks: 90_000, size: IDR.length }));
  const audio = Array.from({ length: 80 }, () => sample({}));
  const runs = [
    { trackId: 1, baseDecodeTime: 0, samples: video },
    { trackId: 2, baseDecodeTime: 0, samples: audio },
  ];
  feed(
    reader,
    join(init(H264, AAC), fragmentHead({ sequence: 1, runs }), IDR, P_SLICE, new Uint8Array(320)),
    100,
  );
  assert.equal(units.length, 82);
  assert.deepEqual(
    units.map(({ dts }) => dts),
    units.map(({ dts }) => dts).sort((a, b) => a - b),
  );
  assert.deepEqual(
    units.filter(({ track }) => track === 1).map(({ key, bytes }) => [key, hex(bytes)]),
    [
      [true, hex(IDR)],
      [false, hex(P_SLICE)],
    ],
  );
});

test("a header again: the same is passed over, another tells its tracks and breaks the coding", () => {
  const { reader, units, changes } = collect();
  const other = { ...AAC, config: bytesOf("1190") };
  const parts = [
    ...[init(AAC), audioFragment(2, { time: 0 })],
    ...[init(AAC), audioFragment(2, { time: 2048 })],
    ...[init(other), audioFragment(2, { time: 4096 })],
  ];
  feed(reader, join(...parts), 50);
  assert.deepEqual(
    changes.map((tracks) => tracks[0]?.audio?.sampleRate),
    [44_100, 48_000],
  );
  assert.deepEqual(
    units.map(({ discontinuity }) => discontinuity),
    [false, false, false, false, true, false],
  );
});

test("reset: the next bytes begin a box; units are marked, tracks stay", () => {
  const { reader, units, changes } = collect();
  const whole = audioFragment(2, { time: 0 });
  feed(reader, join(init(AAC), whole.subarray(0, whole.length - 6)));
  reader.reset();
  feed(reader, audioFragment(1, { time: 500 }));
  assert.equal(changes.length, 1);
  assert.deepEqual(
    units.map(({ discontinuity, pts }) => [discontinuity, pts]),
    [[true, ticksOf(500, 44_100)]],
  );
});

/** Time of the second fragment, whether it breaks the timeline, DTS of its first unit where it is another. */
const STEPS: readonly (readonly [number, boolean, number?])[] = [
  [2048, false],
  [2048 + 9 * 44_100, false],
  [2048 + 11 * 44_100, true],
  // Back by little: the time of the unit before.
  [0, false, ticksOf(1024, 44_100)],
  [44_100 * 100, true],
];
for (const [time, breaks, dts = ticksOf(time, 44_100)] of STEPS) {
  test(`a fragment at ${time} behind one that ends at 2048`, () => {
    const { reader, units } = collect();
    feed(reader, join(init(AAC), audioFragment(2, { time: 0 }), audioFragment(1, { time })));
    assert.deepEqual([units[2]!.discontinuity, units[2]!.dts], [breaks, dts]);
  });
}

test("a long way back breaks the timeline", () => {
  const { reader, units } = collect();
  feed(reader, join(init(AAC), audioFragment(1, { time: 2 ** 40 }), audioFragment(1, { time: 0 })));
  assert.deepEqual(
    units.map(({ discontinuity, dts }) => [discontinuity, dts]),
    [
      [false, ticksOf(2 ** 40, 44_100)],
      [true, 0],
    ],
  );
});

test("negative composition offsets: decoding times go back so that none is behind its presentation", () => {
  const { reader, units } = collect();
  const offsets = [0, 3600, -3600, 0];
  const samples = offsets.map((compositionOffsetTicks, i) =>
    sample({ compositionOffsetTicks, durationTicks: 3600, key: i === 0, size: IDR.length }),
  );
  const runs = [{ trackId: 1, baseDecodeTime: 90_000, samples }];
  feed(reader, join(init(H264), fragmentHead({ sequence: 1, runs }), IDR, P_SLICE, P_SLICE, P_SLICE));
  feed(
    reader,
    join(
      fragmentHead({ sequence: 2, runs: [{ ...runs[0]!, baseDecodeTime: 104_400 }] }),
      IDR,
      P_SLICE,
      P_SLICE,
      P_SLICE,
    ),
  );
  assert.deepEqual(
    units.map(({ pts }) => pts - 90_000),
    [0, 7200, 3600, 10_800, 14_400, 21_600, 18_000, 25_200],
  );
  assert.ok(units.every(({ pts, dts }, i) => dts <= pts && dts >= (units[i - 1]?.dts ?? 0)));
});

test("parameter sets in band, of a track whose record has none", () => {
  const { reader, units, changes } = collect();
  const config = bytesOf("0164001fffe000");
  const sets = [SPS, PPS].map((nal) => join(bytesOf(nal.length.toString(16).padStart(8, "0")), nal));
  const key = join(bytesOf("0000000209f0"), ...sets, IDR);
  const samples = [key, P_SLICE].map(({ length: size }) => sample({ size }));
  const runs = [{ trackId: 1, baseDecodeTime: 0, samples: [samples[1]!, ...samples] }];
  feed(reader, join(init({ ...H264, config }), fragmentHead({ sequence: 1, runs }), P_SLICE, key, P_SLICE));
  assert.equal(reader.counters.dropped, 1);
  assert.deepEqual(
    changes.map(([track]) => [track?.codecString, track?.config?.length]),
    [
      ["avc1.64001f", undefined],
      ["avc1.640020", 45],
    ],
  );
  // No access unit delimiter.
  assert.equal(hex(units[0]!.bytes), hex(join(...sets, IDR)));
  assert.deepEqual(
    units.map(({ key: starts }) => starts),
    [true, false],
  );
});

test("data in two mdat boxes, with another box between; and some in none", () => {
  const runs = [2, 3].map((trackId) => ({ trackId, baseDecodeTime: 0, samples: [sample({})] }));
  const head = fragmentHead({ sequence: 1, runs });
  const moof = head.slice(0, head.length - 8);
  const [, second] = nodesAt(boxTree(moof), "moof/traf/trun");
  // Behind sample count: the data offset.
  const at = second!.payload.byteOffset - moof.byteOffset + 4;
  const free = bytesOf("00000008 66726565");
  const [first, last] = [bytesOf("0000000c 6d646174 aaaaaaaa"), bytesOf("0000000c 6d646174 bbbbbbbb")];
  const { reader, units, problems } = collect();
  feed(reader, init(AAC, OPUS));
  for (const offset of [head.length + 4 + 16, head.length + 4 + 30]) {
    putU32be(moof, at, offset);
    feed(reader, join(moof, first, free, last), 5);
  }
  assert.deepEqual(
    units.map(({ bytes }) => hex(bytes)),
    ["aaaaaaaa", "bbbbbbbb", "aaaaaaaa"],
  );
  feed(reader, audioFragment(1, { time: 1024, track: 3 }));
  assert.deepEqual([problems, reader.counters.damaged], [["isobmff.damaged"], 1]);
  assert.ok(units[3]!.discontinuity);
});

test("mdat without end, and one that says more than there is", () => {
  for (const size of ["00000000", "7fffffff"]) {
    const { reader, units } = collect();
    const fragment = audioFragment(3, { time: 0 });
    fragment.set(bytesOf(size), fragment.length - 20);
    feed(reader, join(init(AAC), fragment, new Uint8Array(50)), 9);
    assert.equal(units.length, 3);
  }
});

test("events: of version 1 at their time, of version 0 from the start of the fragment", () => {
  const events: EventMessage[] = [];
  const order: string[] = [];
  const { reader } = collect({
    onEvent: (event) => {
      events.push(event);
      order.push("event");
    },
    onUnit: () => order.push("unit"),
  });
  const event = {
    ...{
      schemeIdUri: "urn:a",
      value: "ü",
      timescale: 1000,
      presentationTime: 5000,
      durationTicks: 40,
      id: 3,
    },
    data: Uint8Array.of(9, 8),
  };
  const old = boxed((writer) =>
    writer.beginFull("emsg", 0, 0).textZ("urn:b").textZ("").u32(1000).u32(250).u32(0).u32(4).end(),
  );
  feed(reader, join(init(AAC), old, audioFragment(1, { time: 88_200, events: [event] })), 3);
  assert.deepEqual(order, ["event", "event", "unit"]);
  assert.deepEqual(
    events.map(({ schemeIdUri, presentationTime }) => [schemeIdUri, presentationTime]),
    [
      ["urn:b", 2250],
      ["urn:a", 5000],
    ],
  );
  assert.deepEqual(events[1], event);
});

test("producer reference times", () => {
  const times: ReadProducerTime[] = [];
  const { reader } = collect({ onProducerTime: (time) => times.push(time) });
  const producerTime = { trackId: 2, ntpMs: 1_795_254_360_123, mediaTime: 441_000 };
  feed(reader, join(init(AAC), audioFragment(1, { time: 0, producerTime })));
  // Of a time behind NTP's first turn, in 2036.
  feed(reader, audioFragment(1, { time: 1024, producerTime: { ...producerTime, ntpMs: 2 ** 41, flags: 0 } }));
  assert.deepEqual(times, [
    { trackId: 2, ntpMs: 1_795_254_360_123, ticks: 900_000, flags: 8 },
    { trackId: 2, ntpMs: 2 ** 41, ticks: 900_000, flags: 0 },
  ]);
});

test("fragments before a header, and of tracks that are not there, are counted", () => {
  const { reader, units, problems } = collect();
  feed(reader, join(audioFragment(3, { time: 0 }), init(AAC), audioFragment(2, { time: 0, track: 7 })));
  assert.deepEqual([units.length, reader.counters.dropped, problems], [0, 5, ["isobmff.no-init"]]);
});

test("Opus keeps its packets, whatever the pre-skip", () => {
  const { reader, units } = collect();
  feed(reader, join(init(OPUS), audioFragment(2, { time: 960, track: 3 })));
  assert.deepEqual(
    units.map(({ pts }) => pts),
    [1800, 1800 + 1920],
  );
});

const anySample = fc.record({
  durationTicks: fc.nat(5000),
  compositionOffsetTicks: fc.integer({ min: 0, max: 9000 }),
  key: fc.boolean(),
  disposable: fc.boolean(),
  size: fc.integer({ min: 1, max: 40 }),
});

test("property: what is written is read, in any pieces", () => {
  const run = fc.array(anySample, { minLength: 1, maxLength: 20 });
  const input = fc.record({
    runs: fc.array(fc.tuple(run, run), { minLength: 1, maxLength: 4 }),
    start: fc.nat(2 ** 50),
    piece: fc.integer({ min: 1, max: 300 }),
  });
  fc.assert(
    fc.property(input, ({ runs, start, piece }) => {
      const parts: Uint8Array[] = [init(AAC, OPUS)];
      const want: [number, number, number, string][] = [];
      const next = [start, start];
      let byte = 0;
      for (const [i, pair] of runs.entries()) {
        const data: Uint8Array[] = [];
        const cuts = pair.map((samples, k) => ({ trackId: k + 2, baseDecodeTime: next[k]!, samples }));
        for (const [k, samples] of pair.entries()) {
          for (const { size, durationTicks, compositionOffsetTicks } of samples) {
            const bytes = new Uint8Array(size).fill(byte++);
            const rate = k === 0 ? 44_100 : 48_000;
            data.push(bytes);
            want.push([
              k + 2,
              ticksOf(next[k]!, rate),
              ticksOf(next[k]! + compositionOffsetTicks, rate),
              hex(bytes),
            ]);
            next[k] = next[k]! + durationTicks;
          }
        }
        parts.push(fragmentHead({ sequence: i + 1, runs: cuts }), ...data);
      }
      const { reader, units, problems } = collect();
      feed(reader, join(...parts), piece);
      assert.deepEqual(problems, []);
      for (const id of [2, 3]) {
        assert.deepEqual(
          units.filter(({ track }) => track === id).map(({ dts, pts, bytes }) => [id, dts, pts, hex(bytes)]),
          want.filter(([track]) => track === id),
        );
      }
    }),
    { numRuns: 60 },
  );
});
