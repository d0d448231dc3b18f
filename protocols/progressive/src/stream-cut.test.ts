import assert from "node:assert/strict";
import { test } from "node:test";
import { concat, fromHex, u32be, u64be } from "@millrace/bytes";
import { fragmentHead } from "@millrace/isobmff";
import type { Track } from "@millrace/model";
import fc from "fast-check";
import { MatroskaCut, Mp4Cut, OggCut, type StreamCut } from "./stream-cut.ts";
import { BlockHead } from "./wire/matroska.ts";
import { granuleOf, oggPage } from "./wire/ogg.ts";

const VIDEO: Track = { id: 1, kind: "video", codec: "h264", timescale: 90_000 };
const SOUND: Track = {
  id: 2,
  kind: "audio",
  codec: "opus",
  timescale: 90_000,
  audio: { sampleRate: 48_000, channels: 2 },
  config: fromHex("000201380000bb80000000"),
};
const TRACKS = [
  { number: 1, name: "v1", track: VIDEO },
  { number: 2, name: "a1", track: SOUND },
];
const PAYLOAD = Uint8Array.of(1, 2, 3);
const BASE = 900_000;

function fragment(trackId: number, time: number, compositionOffsetTicks: number): Uint8Array {
  const sample = { durationTicks: 3600, compositionOffsetTicks, key: true, size: PAYLOAD.length };
  return fragmentHead({ sequence: 77, runs: [{ trackId, baseDecodeTime: time, samples: [sample] }] });
}

test("an MP4 begins at zero in every track, numbers its fragments, and leaves the lane's memory as it was", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1e9 }),
      fc.integer({ min: -9000, max: 9000 }),
      fc.nat(200),
      (time, offset, cut) => {
        const file = new Mp4Cut(TRACKS, BASE);
        for (const [number, base] of [
          [1, BASE],
          [2, (BASE * 48_000) / 90_000],
        ] as const) {
          const whole = concat([fragment(number, base + time, offset), PAYLOAD]);
          const before = whole.slice();
          const parts = [whole.subarray(0, Math.min(cut, whole.length)), whole.subarray(cut)];
          const out = concat(file.message(number, parts) ?? []);
          assert.deepEqual(whole, before);
          assert.equal(u32be(out, 20), number);
          const expected = concat([fragment(number, time, offset), PAYLOAD]);
          expected.set(out.subarray(20, 24), 20);
          assert.deepEqual(out, expected);
        }
      },
    ),
  );
});

const SETS = Uint8Array.of(0, 0, 0, 2, 0x67, 1, 0, 0, 0, 1, 0x68);

function mp4Frame(time: number, data: Uint8Array, key: boolean, compositionOffsetTicks: number): Uint8Array {
  const sample = { durationTicks: 3600, compositionOffsetTicks, key, size: data.length };
  const head = fragmentHead({ sequence: 0, runs: [{ trackId: 1, baseDecodeTime: time, samples: [sample] }] });
  return concat([head, data]);
}

function matroskaFrame(time: number, data: Uint8Array, key: boolean): Uint8Array {
  const head = new BlockHead();
  head.write({ number: 1, timeMs: time / 90, key, size: data.length });
  return concat([head.bytes, data]);
}

/** Cuts at the start of a stream, and how their frames stand in files. */
const CUTS: readonly (readonly [string, () => StreamCut, (data: Uint8Array, key: boolean) => Uint8Array])[] =
  [
    ["MP4", () => new Mp4Cut(TRACKS, 0), (data, key) => mp4Frame(9000, data, key, 0)],
    [
      "MP4 with reordered pictures",
      () => new Mp4Cut(TRACKS, 0),
      (data, key) => mp4Frame(9000, data, key, 900),
    ],
    ["Matroska", () => new MatroskaCut(0), (data, key) => matroskaFrame(9000, data, key)],
  ];

for (const [name, open, frame] of CUTS) {
  test(`${name}: parameter sets that came late stand in the next frame, and in key frames`, () => {
    fc.assert(
      fc.property(fc.array(fc.boolean()), fc.boolean(), fc.nat(200), (keys, first, at) => {
        const cut = open();
        const out = (key: boolean): Uint8Array => {
          const whole = frame(PAYLOAD, key);
          const bytes = concat(cut.message(1, [whole.subarray(0, at), whole.subarray(at)]) ?? []);
          // The count of fragments is asserted elsewhere.
          if (name !== "Matroska") bytes.fill(0, 20, 24);
          return bytes;
        };
        assert.deepEqual(out(first), frame(PAYLOAD, first));
        cut.setParameters?.(1, SETS);
        const longer = concat([SETS, PAYLOAD]);
        assert.deepEqual(out(first), frame(longer, first));
        for (const key of keys) assert.deepEqual(out(key), frame(key ? longer : PAYLOAD, key));
      }),
    );
  });
}

test("what lies before the beginning is not in the file", () => {
  assert.equal(new Mp4Cut(TRACKS, BASE).message(1, [fragment(1, BASE - 1, 0), PAYLOAD]), undefined);
  const head = new BlockHead();
  head.write({ number: 1, timeMs: BASE / 90 - 1, key: true, size: PAYLOAD.length });
  assert.equal(new MatroskaCut(BASE).message(1, [head.bytes, PAYLOAD]), undefined);
  head.write({ number: 1, timeMs: BASE / 90 + 5, key: true, size: PAYLOAD.length });
  const [out] = new MatroskaCut(BASE).message(1, [head.bytes, PAYLOAD]) ?? [];
  assert.equal(u64be(out as Uint8Array, 10), 5);
});

test("an Ogg stream counts its pages behind the header, and the samples that are dropped at its start", () => {
  const file = new OggCut(SOUND, BASE);
  const base = (BASE * 48_000) / 90_000;
  const places = [960, 1920].map((samples) => {
    const page = oggPage({ granule: base + samples, sequence: 500 }, [PAYLOAD]);
    const out = concat(file.message(2, [page.subarray(0, 10), page.subarray(10)]) ?? []);
    return [granuleOf(out), new DataView(out.buffer).getUint32(18, true)];
  });
  assert.deepEqual(places, [
    [960 + 312, 2],
    [1920 + 312, 3],
  ]);
});
