import assert from "node:assert/strict";
import { test } from "node:test";
import type { Track } from "@millrace/model";
import fc from "fast-check";
import {
  boxTree,
  emptySampleEntry,
  formatBoxTree,
  MovieWriter,
  nodesAt,
  parseMovie,
  type Sample,
  ticksOf,
  timescaleOf,
  wordsOf,
} from "../index.ts";
import { hex, moovOf } from "../media.test-support.ts";
import { AAC, H264, OPUS } from "../tracks.test-support.ts";

function writer(...tracks: (Track & { startTicks?: number })[]): MovieWriter {
  return new MovieWriter(
    tracks.map(({ startTicks, ...track }) => ({
      trackId: track.id,
      track,
      timescale: timescaleOf(track),
      ...(startTicks === undefined ? {} : { startTicks }),
    })),
  );
}

function sample(fields: Partial<Sample>): Sample {
  return { durationTicks: 3600, compositionOffsetTicks: 0, key: false, size: 100, ...fields };
}

/** The words of a table of the first track. */
function table(file: Uint8Array, type: string, from = "moov"): number[][] {
  const nodes = boxTree(file.subarray(0, file.length));
  return nodesAt(nodes, `${from}/trak/mdia/minf/stbl/${type}`).map(wordsOf);
}

test("tables of one track: stts, stss, ctts, stsc, stsz, stco (§8.6, §8.7)", () => {
  const movie = writer(H264);
  for (const [i, size] of [30, 10, 20, 40].entries()) {
    const compositionOffsetTicks = [3600, 7200, 0, 0][i]!;
    movie.add(
      1,
      sample({ size, key: i === 0 || i === 3, compositionOffsetTicks, durationTicks: i < 3 ? 3600 : 1 }),
    );
  }
  const file = movie.front();
  assert.deepEqual(table(file.subarray(0, -16), "stts"), [[2, 3, 3600, 1, 1]]);
  assert.deepEqual(table(file.subarray(0, -16), "stss"), [[2, 1, 4]]);
  assert.deepEqual(table(file.subarray(0, -16), "ctts"), [[3, 1, 3600, 1, 7200, 2, 0]]);
  assert.deepEqual(table(file.subarray(0, -16), "stsc"), [[1, 1, 4, 1]]);
  assert.deepEqual(table(file.subarray(0, -16), "stsz"), [[0, 4, 30, 10, 20, 40]]);
  assert.deepEqual(table(file.subarray(0, -16), "stco"), [[1, file.length]]);
  assert.equal(hex(file.subarray(-16)), "000000016d6461740000000000000074");
});

test("chunks end where another track comes, and at a mebibyte", () => {
  const movie = writer(H264, AAC);
  for (const id of [1, 1, 2, 1, 2, 2, 2]) movie.add(id, sample({ size: 10 }));
  for (let i = 0; i < 5; i++) movie.add(1, sample({ size: 1 << 19 }));
  const { moov } = movie.tail();
  const data = movie.head().length;
  const [video, audio] = table(moov, "stsc");
  assert.deepEqual(table(moov, "stco"), [
    [5, data, data + 30, data + 70, data + 70 + (1 << 20), data + 70 + (1 << 21)],
    [2, data + 20, data + 40],
  ]);
  assert.deepEqual(audio, [2, 1, 1, 1, 2, 3, 1]);
  assert.deepEqual(video, [4, 1, 2, 1, 2, 1, 1, 3, 2, 1, 5, 1, 1]);
});

test("sizes that are alike are said once; no stss where all are keys; negative offsets", () => {
  const movie = writer(H264);
  for (const compositionOffsetTicks of [0, -1, 1])
    movie.add(1, sample({ key: true, compositionOffsetTicks }));
  const { moov } = movie.tail();
  assert.deepEqual(table(moov, "stsz"), [[100, 3]]);
  assert.deepEqual(table(moov, "stss"), []);
  const [ctts] = nodesAt(boxTree(moov), "moov/trak/mdia/minf/stbl/ctts");
  assert.deepEqual([ctts!.version, wordsOf(ctts!)], [1, [3, 1, 0, 1, 2 ** 32 - 1, 1, 1]]);
});

test("files beyond 4 GiB have offsets of 64 bits", () => {
  for (const front of [true, false]) {
    const movie = writer(H264, AAC);
    for (let i = 0; i < 3; i++) {
      movie.add(1, sample({ size: 2 ** 31 }));
      movie.add(2, sample({ size: 10 }));
    }
    const file = front ? movie.front() : movie.tail().moov;
    const moov = front ? moovOf(file) : file;
    assert.deepEqual(table(moov, "stco"), []);
    const at = front ? file.length : movie.head().length;
    const [video] = parseMovie(moov).tracks;
    const entry = emptySampleEntry();
    assert.equal(video!.samples.read(2, entry).offset, at + 2 * (2 ** 31 + 10));
    const { size, sizeAt } = movie.tail();
    assert.equal(hex(size), (16 + 3 * (2 ** 31 + 10)).toString(16).padStart(16, "0"));
    assert.equal(sizeAt, movie.head().length - 8);
  }
});

/** Track, its start, edits as words: duration, media time, rate. */
const EDITS: readonly (readonly [string, Track & { startTicks?: number }, readonly number[][]])[] = [
  ["all of it at once", H264, []],
  ["at once, as it says", { ...H264, startTicks: 0 }, []],
  [
    "later",
    { ...H264, startTicks: 900 },
    [
      [900, 2 ** 32 - 1, 65_536],
      [36_000, 0, 65_536],
    ],
  ],
  ["cut at the front", { ...H264, startTicks: -3600 }, [[32_400, 3600, 65_536]]],
  ["Opus: pre-skip", OPUS, [[ticksOf(36_000 - 312, 48_000), 312, 65_536]]],
  [
    "Opus that begins with its pre-skip",
    { ...OPUS, startTicks: -585 },
    [[ticksOf(36_000 - 312, 48_000), 312, 65_536]],
  ],
  [
    "Opus in the movie's time: the sound waits",
    { ...OPUS, startTicks: 0 },
    [
      [585, 2 ** 32 - 1, 65_536],
      [ticksOf(36_000 - 312, 48_000), 312, 65_536],
    ],
  ],
];
for (const [name, track, edits] of EDITS) {
  test(`edit list (§8.6.6): ${name}`, () => {
    const movie = writer(track);
    for (let i = 0; i < 10; i++) movie.add(track.id, sample({}));
    const { moov } = movie.tail();
    const lists = nodesAt(boxTree(moov), "moov/trak/edts/elst").map(wordsOf);
    assert.deepEqual(lists, edits.length === 0 ? [] : [[edits.length, ...edits.flat()]]);
    const [read] = parseMovie(moov).tracks;
    const { pts } = read!.samples.read(0, emptySampleEntry());
    const skipped = track.codec === "opus" ? -585 : 0;
    assert.equal(pts, track.startTicks ?? skipped);
  });
}

test("Opus: 80 ms are decoded before what is heard (sgpd, sbgp)", () => {
  const movie = writer(OPUS);
  for (let i = 0; i < 10; i++) movie.add(3, sample({ durationTicks: 960, key: true }));
  const nodes = boxTree(movie.tail().moov);
  const [sgpd] = nodesAt(nodes, "moov/trak/mdia/minf/stbl/sgpd");
  assert.equal(hex(sgpd!.payload), `${hex(Buffer.from("roll"))}0000000200000001fffc`);
  const [sbgp] = nodesAt(nodes, "moov/trak/mdia/minf/stbl/sbgp");
  assert.deepEqual(wordsOf(sbgp!).slice(1), [1, 10, 1]);
});

test("tracks without samples are not written", () => {
  const movie = writer(H264, AAC);
  movie.add(2, sample({}));
  assert.equal(parseMovie(movie.tail().moov).tracks.length, 1);
  assert.match(formatBoxTree(boxTree(movie.tail().moov)), /mp4a/);
  assert.throws(() => movie.add(9, sample({})), { code: "isobmff.no-track" });
  assert.throws(() => new MovieWriter([]), { code: "isobmff.no-track" });
});

const anySample = fc.record({
  track: fc.constantFrom(1, 2),
  durationTicks: fc.integer({ min: 1, max: 4000 }),
  compositionOffsetTicks: fc.integer({ min: 0, max: 9000 }),
  key: fc.boolean(),
  size: fc.nat(300_000),
});

test("property: what is written is read, in any order of access", () => {
  const input = fc.record({
    samples: fc.array(anySample, { minLength: 1, maxLength: 60 }),
    front: fc.boolean(),
    probes: fc.array(fc.nat(), { maxLength: 20 }),
  });
  fc.assert(
    fc.property(input, ({ samples, front, probes }) => {
      const movie = writer(H264, AAC);
      const want = new Map<
        number,
        { offset: number; size: number; time: number; key: boolean; pts: number }[]
      >();
      const clocks = new Map<number, number>();
      for (const { track, ...each } of samples) {
        const list = want.get(track) ?? [];
        const time = clocks.get(track) ?? 0;
        list.push({
          offset: movie.dataBytes,
          size: each.size,
          key: each.key,
          time,
          pts: time + each.compositionOffsetTicks,
        });
        want.set(track, list);
        clocks.set(track, time + each.durationTicks);
        movie.add(track, each);
      }
      const file = front ? movie.front() : movie.tail().moov;
      const { tracks } = parseMovie(front ? moovOf(file) : file);
      const dataAt = front ? file.length : movie.head().length;
      assert.equal(tracks.length, want.size);
      const entry = emptySampleEntry();
      for (const { track, samples: read } of tracks) {
        const list = want.get(track.id)!;
        const rate = timescaleOf(track);
        const first = Math.min(...list.map(({ pts }) => pts));
        assert.equal(read.count, list.length);
        const order = [...list.keys(), ...probes.map((n) => n % list.length)];
        for (const i of order) {
          const { offset, size, time, key, pts } = list[i]!;
          const expected = [
            dataAt + offset,
            size,
            ticksOf(time - first, rate),
            ticksOf(pts - first, rate),
            key,
          ];
          read.read(i, entry);
          assert.deepEqual([entry.offset, entry.size, entry.dts, entry.pts, entry.key], expected);
          assert.equal(
            read.keyAtOrBefore(i),
            list.slice(0, i + 1).findLastIndex((each) => each.key),
          );
        }
      }
    }),
    { numRuns: 150 },
  );
});
