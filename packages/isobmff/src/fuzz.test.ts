/** No bytes make a reader throw anything but its own errors, hang, or point outside its input. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { putU32be } from "@millrace/bytes";
import fc from "fast-check";
import { readEventMessage } from "./event-message.ts";
import {
  boxTree,
  canStore,
  codecStringOf,
  emptySampleEntry,
  formatBoxTree,
  fragmentHead,
  IsoProblem,
  initSegment,
  parseMovie,
  parseWebvttSample,
  storedData,
  timescaleOf,
  webvttSample,
} from "./index.ts";
import { bytesOf, collect, feed, hex } from "./media.test-support.ts";

const FOLDER = join(import.meta.dirname, "corpus");
const names = readdirSync(FOLDER).filter((name) => name.endsWith(".hex"));

function seeds(kind: string): Uint8Array[] {
  const found = names.filter((name) => name.startsWith(`${kind}-`));
  assert.ok(found.length > 0, kind);
  return found.map((name) => bytesOf(readFileSync(join(FOLDER, name), "utf8")));
}

const MOVIES = seeds("movie");
const FRAGMENTS = seeds("fragments");
/** What lies at the edges of counts, sizes and times. */
const EDGES = [0, 1, 2, 7, 8, 9, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

/** A seed with bytes and words overwritten, taken out and put in, cut at the end; or plain noise. */
function mutated(list: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({
    at: fc.nat(6000),
    byte: fc.nat(255),
    how: fc.nat(5),
    edge: fc.constantFrom(...EDGES),
  });
  const cut = fc.oneof({ weight: 3, arbitrary: fc.constant(1e6) }, { weight: 1, arbitrary: fc.nat(4000) });
  const broken = fc
    .tuple(fc.constantFrom(...list), fc.array(edit, { maxLength: 6 }), cut)
    .map(([seed, edits, length]) => {
      let bytes = seed.slice();
      for (const { at, byte, how, edge } of edits) {
        const index = at % Math.max(1, bytes.length - 4);
        if (how === 0) bytes = Uint8Array.from([...bytes.subarray(0, index), ...bytes.subarray(index + 1)]);
        else if (how === 1)
          bytes = Uint8Array.from([...bytes.subarray(0, index), byte, ...bytes.subarray(index)]);
        else if (how === 2) bytes[index] = byte;
        else if (how === 3) bytes[index] = (bytes[index] ?? 0) ^ (1 << (byte & 7));
        else if (bytes.length > 4) putU32be(bytes, how === 4 ? index & ~3 : index, edge);
      }
      return bytes.slice(0, length);
    });
  return fc.oneof(
    { weight: 8, arbitrary: broken },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  );
}

/** What `use` says, or the code of the violation that it threw. */
function attempt<T>(use: () => T): T | string {
  try {
    return use();
  } catch (error) {
    if (!(error instanceof IsoProblem)) throw error;
    assert.equal(error.kind, "violation");
    return error.code;
  }
}

test("the corpus is sound", () => {
  for (const seed of MOVIES) assert.ok(parseMovie(seed).tracks.length === 2);
  for (const seed of FRAGMENTS) {
    const { reader, units, problems } = collect();
    feed(reader, seed);
    assert.ok(units.length > 0);
    assert.deepEqual(problems, []);
  }
});

test("fuzz: box trees", () => {
  const property = fc.property(mutated([...MOVIES, ...FRAGMENTS]), (bytes) => {
    attempt(() => {
      const tree = boxTree(bytes);
      assert.equal(formatBoxTree(tree) === "", tree.length === 0);
      for (const { at, size, payload } of tree) {
        assert.ok(at >= 0 && at + size <= bytes.length);
        assert.ok(payload.length <= size);
      }
    });
  });
  fc.assert(property, { numRuns: 1500 });
});

test("fuzz: movies and their tables", () => {
  let seen = 0;
  const property = fc.property(mutated(MOVIES), fc.array(fc.nat()), (bytes, probes) => {
    attempt(() => {
      const { tracks, durationTicks } = parseMovie(bytes);
      assert.ok(Number.isSafeInteger(durationTicks));
      const entry = emptySampleEntry();
      for (const { samples, track } of tracks) {
        canStore(track);
        codecStringOf(track);
        if (samples.count === 0) continue;
        seen++;
        const first = Math.min(samples.count, 20);
        for (const n of [
          ...Array(first).keys(),
          samples.count - 1,
          ...probes.map((n) => n % samples.count),
        ]) {
          const { offset, size, dts, pts, duration } = samples.read(n, entry);
          for (const value of [size, dts, pts, duration]) assert.ok(Number.isSafeInteger(value), `${value}`);
          assert.ok(offset >= 0 && size >= 0 && dts <= pts);
          const key = samples.keyAtOrBefore(n);
          assert.ok(Number.isInteger(key));
          assert.ok(samples.indexAtDts(dts) < samples.count);
        }
      }
    });
  });
  fc.assert(property, { numRuns: 1500 });
  assert.ok(seen > 500, `${seen} tracks`);
});

test("fuzz: fragments, in any pieces", () => {
  let seen = 0;
  const input = fc.tuple(mutated(FRAGMENTS), fc.integer({ min: 1, max: 800 }));
  const property = fc.property(input, ([bytes, piece]) => {
    const run = (size: number) => {
      const { reader, units, changes, problems } = collect({ maxDataBytes: 1 << 16 });
      const end = attempt(() => feed(reader, bytes, size));
      for (const { dts, pts, bytes: data } of units) {
        assert.ok(Number.isSafeInteger(dts) && Number.isSafeInteger(pts) && data.length <= bytes.length + 64);
      }
      assert.ok(units.length === 0 || changes.length > 0);
      const lines = units.map(
        ({ track, dts, pts, key, bytes: data }) => `${track} ${dts} ${pts} ${key} ${hex(data)}`,
      );
      return { end, lines, problems, tracks: changes.map((tracks) => tracks.length), units, changes };
    };
    const whole = run(bytes.length);
    const { units: _, changes: __, ...facts } = run(piece);
    assert.deepEqual(facts, {
      end: whole.end,
      lines: whole.lines,
      problems: whole.problems,
      tracks: whole.tracks,
    });
    seen += whole.units.length;
    rewrite(whole.changes.at(-1) ?? [], whole.units);
  });
  fc.assert(property, { numRuns: 1500 });
  assert.ok(seen > 500, `${seen} units`);
});

/** Whatever was read can be written. */
function rewrite(
  tracks: Parameters<NonNullable<Parameters<typeof collect>[0]>["onTracks"] & {}>[0],
  units: ReturnType<typeof collect>["units"],
): void {
  const storable = tracks.filter((track) => canStore(track) && track.id > 0);
  if (storable.length === 0) return;
  initSegment(storable.map((track) => ({ trackId: track.id, track, timescale: timescaleOf(track) })));
  for (const track of storable) {
    for (const { bytes, ...unit } of units.filter((each) => each.track === track.id).slice(0, 5)) {
      const data: Uint8Array[] = [];
      const size = storedData(track, { ...unit, data: [bytes] }, data);
      assert.ok(size <= bytes.length);
      const sample = { durationTicks: 1, compositionOffsetTicks: 0, key: unit.key, size };
      const runs = [{ trackId: track.id, baseDecodeTime: 0, samples: [sample] }];
      assert.equal(boxTree(Buffer.concat([fragmentHead({ sequence: 1, runs }), ...data])).length, 2);
    }
  }
}

test("fuzz: events and WebVTT samples", () => {
  const cues = webvttSample([{ text: "a", id: "1", settings: "line:0" }, { text: "b" }]);
  const property = fc.property(mutated([...seeds("event"), cues]), (bytes) => {
    const read = readEventMessage(bytes);
    if (read !== undefined) assert.ok(read.event.data.length < bytes.length && read.event.timescale > 0);
    const found = parseWebvttSample(bytes);
    if (found !== undefined) assert.deepEqual(parseWebvttSample(webvttSample(found)), found.map(trimmed));
  });
  fc.assert(property, { numRuns: 1500 });
});

/** Empty ids and settings are not written. */
function trimmed({ text, id, settings }: { text: string; id?: string; settings?: string }) {
  return { text, ...(id ? { id } : {}), ...(settings ? { settings } : {}) };
}
