import assert from "node:assert/strict";
import { test } from "node:test";
import { emptySampleEntry, parseMovie } from "../index.ts";
import { bytesOf, missing, moovOf, sharedMedia } from "../media.test-support.ts";
import { H264 } from "../tracks.test-support.ts";
import { BoxWriter } from "../write/box-writer.ts";
import { writeMovieHeader, writeTrackBox } from "../write/track-box.ts";

type Tables = Readonly<Record<string, readonly number[]>>;

/** A moov box with a track at 90 kHz whose tables hold the words given, behind version and flags. */
function moov(tables: Tables, mediaTime = 0): Uint8Array {
  const writer = new BoxWriter();
  writer.begin("moov");
  writeMovieHeader(writer, 90_000, { duration: 0, nextTrackId: 2 });
  writeTrackBox(writer, {
    ...{ trackId: 1, track: H264, timescale: 90_000, movieDuration: 0, mediaDuration: 0 },
    edits: mediaTime === 0 ? [] : [{ duration: 0, mediaTime }],
    tables: (out) => {
      for (const [type, words] of Object.entries(tables)) {
        out.beginFull(type, 0, 0);
        for (const word of words) out.u32(word);
        out.end();
      }
    },
  });
  return writer.end().done();
}

function rows(tables: Tables, mediaTime = 0): string[] {
  const { samples } = parseMovie(moov(tables, mediaTime)).tracks[0]!;
  const entry = emptySampleEntry();
  return Array.from({ length: samples.count }, (_, i) => {
    const { offset, size, dts, pts, duration, key } = samples.read(i, entry);
    return `${offset}+${size} ${dts} ${pts} ${duration}${key ? " key" : ""}`;
  });
}

const PLAIN: Tables = { stts: [1, 3, 10], stsc: [1, 1, 3, 1], stsz: [0, 3, 5, 6, 7], stco: [1, 100] };

const CASES: readonly (readonly [string, Tables, readonly string[], number?])[] = [
  ["the least there can be", PLAIN, ["100+5 0 0 10 key", "105+6 10 10 10 key", "111+7 20 20 10 key"]],
  ["an edit", PLAIN, ["100+5 -15 -15 10 key", "105+6 -5 -5 10 key", "111+7 5 5 10 key"], 15],
  ["sync samples", { ...PLAIN, stss: [1, 2] }, ["100+5 0 0 10", "105+6 10 10 10 key", "111+7 20 20 10"]],
  ["no sync sample at all", { ...PLAIN, stss: [0] }, ["100+5 0 0 10", "105+6 10 10 10", "111+7 20 20 10"]],
  [
    "negative composition offsets move decoding times",
    { ...PLAIN, ctts: [2, 1, 20, 2, 2 ** 32 - 8] },
    ["100+5 -8 20 10 key", "105+6 2 2 10 key", "111+7 12 12 10 key"],
  ],
  [
    "composition offsets for the first samples only",
    { ...PLAIN, ctts: [1, 1, 20] },
    ["100+5 0 20 10 key", "105+6 10 10 10 key", "111+7 20 20 10 key"],
  ],
  [
    "one size for all",
    { ...PLAIN, stsz: [9, 3] },
    ["100+9 0 0 10 key", "109+9 10 10 10 key", "118+9 20 20 10 key"],
  ],
  [
    "sizes of four bits",
    { ...PLAIN, stsz: [], stz2: [4, 3, 0x5_6_7_0_0000] },
    ["100+5 0 0 10 key", "105+6 10 10 10 key", "111+7 20 20 10 key"],
  ],
  [
    "sizes of sixteen bits",
    { ...PLAIN, stsz: [], stz2: [16, 3, 0x0005_0006, 0x0007_0000] },
    ["100+5 0 0 10 key", "105+6 10 10 10 key", "111+7 20 20 10 key"],
  ],
  [
    "chunks of different lengths, offsets of 64 bits",
    { ...PLAIN, stsc: [2, 1, 2, 1, 2, 1, 1], stco: [], co64: [2, 1, 0, 0, 50] },
    ["4294967296+5 0 0 10 key", "4294967301+6 10 10 10 key", "50+7 20 20 10 key"],
  ],
  ["fewer times than sizes", { ...PLAIN, stts: [1, 2, 10] }, ["100+5 0 0 10 key", "105+6 10 10 10 key"]],
  ["fewer chunks than sizes", { ...PLAIN, stsc: [1, 1, 1, 1] }, ["100+5 0 0 10 key"]],
  ["chunks out of order", { ...PLAIN, stsc: [2, 2, 1, 1, 1, 1, 1] }, []],
  [
    "a run of no samples",
    { ...PLAIN, stts: [3, 0, 99, 1, 10, 2, 20] },
    ["100+5 0 0 10 key", "105+6 10 10 20 key", "111+7 30 30 20 key"],
  ],
];

for (const [name, tables, want, mediaTime] of CASES) {
  test(`sample tables: ${name}`, () => {
    const { stsz, stco, ...rest } = tables;
    const used = {
      ...rest,
      ...(stsz?.length === 0 ? {} : { stsz: stsz! }),
      ...(stco?.length === 0 ? {} : { stco: stco! }),
    };
    assert.deepEqual(rows(used, mediaTime), want);
  });
}

/** Tables that promise more than they have. */
const LIES: readonly Tables[] = [
  { ...PLAIN, stts: [2, 3, 10] },
  { ...PLAIN, stts: [0xffffffff] },
  { ...PLAIN, stsz: [0, 0xffffffff] },
  { ...PLAIN, stsz: [0] },
  { ...PLAIN, stco: [2, 1] },
  { ...PLAIN, stss: [0x40000001, 1] },
  { ...PLAIN, ctts: [1, 1] },
];
for (const [i, tables] of LIES.entries()) {
  test(`tables that lie: ${i}`, () => {
    assert.throws(() => parseMovie(moov(tables)), { name: "IsoProblem", code: "isobmff.table" });
  });
}

test("counts without bytes behind them cost nothing", () => {
  const most = 0xffffffff;
  const { samples } = parseMovie(
    moov({ stts: [1, most, 1], stsc: [1, 1, most, 1], stsz: [7, most], stco: [1, 16] }),
  ).tracks[0]!;
  assert.equal(samples.count, most);
  const entry = samples.read(most - 1, emptySampleEntry());
  assert.deepEqual([entry.offset, entry.dts], [16 + 7 * (most - 1), most - 1]);
});

test("search by time", () => {
  const { samples } = parseMovie(moov({ ...PLAIN, stts: [2, 2, 10, 1, 5] }, 15)).tracks[0]!;
  const at = [-16, -15, -6, -5, 4, 5, 1000].map((ticks) => samples.indexAtDts(ticks));
  assert.deepEqual(at, [-1, 0, 0, 1, 1, 2, 2]);
  assert.equal(samples.durationTicks, 25);
});

test("what is no movie", () => {
  for (const bytes of [bytesOf(""), bytesOf("00000008 6d6f6f66"), bytesOf("00000010 6d6f6f76")])
    assert.throws(() => parseMovie(bytes), { code: "isobmff.no-movie" });
  assert.deepEqual(parseMovie(bytesOf("00000008 6d6f6f76")).tracks, []);
});

test("mp4/long_1080p_lowbitrate.mp4: any place in six minutes", (t) => {
  const path = "mp4/long_1080p_lowbitrate.mp4";
  const file = sharedMedia(path);
  if (file === undefined) return t.skip(missing(path));
  const movie = parseMovie(moovOf(file));
  const [video, audio] = movie.tracks;
  assert.equal(Math.round(movie.durationTicks / 90), 362_767);
  assert.equal(movie.fragmented, false);
  for (const ticks of [0, 90_000, 17_000_000, 32_000_000]) {
    for (const { samples } of [video!, audio!]) {
      const i = samples.indexAtDts(ticks);
      const entry = samples.read(i, emptySampleEntry());
      assert.ok(entry.dts <= ticks && entry.dts + entry.duration > ticks);
      const key = samples.keyAtOrBefore(i);
      assert.ok(key <= i && samples.isKey(key));
      for (let k = key + 1; k <= i; k++) assert.equal(samples.isKey(k), false);
    }
  }
});
