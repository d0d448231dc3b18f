import assert from "node:assert/strict";
import { test } from "node:test";
import type { Span } from "@millrace/engine";
import fc from "fast-check";
import type { Segment } from "./segment.ts";
import { Segmenter } from "./segmenter.ts";
import { type FakeChunk, FakeHost } from "./testing/fake-host.ts";

function cut(options: { segmentMs?: number; targetS?: number } = {}) {
  const host = new FakeHost();
  const segments: Segment[] = [];
  const segmenter = new Segmenter({
    host: host.host,
    segmentMs: options.segmentMs ?? 2000,
    targetDurationS: () => options.targetS,
    nextName: () => `${segments.length}.ts`,
    onSegment: (segment) => segments.push(segment),
  });
  const play = (chunks: Iterable<FakeChunk>): void => {
    for (const chunk of chunks) host.put(chunk);
  };
  return { host, segments, segmenter, play };
}

/** Chunks of 100 ms, a key frame each `gopMs`. */
function* stream(fromMs: number, toMs: number, gopMs: number): Generator<FakeChunk> {
  for (let ms = fromMs; ms < toMs; ms += 100) yield { ms, key: (ms - fromMs) % gopMs === 0 };
}

function durations(segments: readonly Segment[]): number[] {
  return segments.map((segment) => segment.durationTicks / 90);
}

/** The chunks that spans cover, in order. */
function bytesOf(spans: readonly Span[]): [number, number][] {
  return spans.flatMap(({ slab, offset, length }) =>
    Array.from({ length: length / 500 }, (_, i): [number, number] => [slab, offset + i * 500]),
  );
}

for (const [gopMs, wanted] of [
  [1000, [2000, 2000, 2000]],
  [2000, [2000, 2000, 2000]],
  [500, [2000, 2000, 2000]],
  // The key frame at 1.5 s is nearer to two seconds than the one at 3 s.
  [1500, [1500, 1500, 1500, 1500, 1500]],
  [1200, [2400, 2400, 2400]],
  [5000, [5000]],
] as const) {
  test(`a key frame each ${gopMs} ms, two seconds wanted: cuts at the nearest`, () => {
    const { segments, play } = cut();
    play(stream(0, 9000, gopMs));
    assert.deepEqual(durations(segments).slice(0, wanted.length), wanted);
    assert.ok(segments.every((segment) => !segment.discontinuity));
  });
}

test("segments are the lane's own memory, every chunk in one of them, each slab held once by each", () => {
  const { host, segments, segmenter, play } = cut();
  play(stream(0, 9000, 1000));
  const chunks = bytesOf(segments.flatMap((segment) => segment.spans));
  assert.equal(chunks.length, 80);
  assert.deepEqual(chunks, bytesOf(host.spans).slice(0, 80));
  for (const segment of segments) {
    assert.equal(new Set(segment.spans.map((span) => span.slab)).size, segment.spans.length);
    assert.equal(segment.bytes, 20 * 500);
    for (const span of segment.spans) host.releaseSpan(span);
  }
  segmenter.close();
  assert.equal(host.held, 0);
  assert.equal(host.readers, 0);
});

test("a key frame a little behind the time at which a long segment was ended: nothing is lost", () => {
  // Between key frames time is told by the PCR, and may run ahead of the decoding time of the next one.
  const { host, segments, play } = cut({ segmentMs: 1000, targetS: 1 });
  const lap = (from: number): FakeChunk[] => [
    { ms: from, key: true },
    { ms: from + 700 },
    { ms: from + 1395 },
  ];
  play([
    ...lap(0),
    ...lap(1360),
    ...lap(2720),
    ...lap(4080),
    { ms: 5440, key: true },
    { ms: 6800, key: true },
  ]);
  const chunks = bytesOf(segments.flatMap((segment) => segment.spans));
  assert.deepEqual(chunks, bytesOf(host.spans).slice(0, chunks.length));
  assert.ok(chunks.length >= 12, `${chunks.length} chunks`);
  assert.ok(
    durations(segments).every((ms) => ms > 500 && ms < 1490),
    durations(segments).join(),
  );
});

test("what comes before the first key frame is left out", () => {
  const { host, segments, play } = cut();
  play([{ ms: 0 }, { ms: 100 }]);
  assert.equal(host.held, 0);
  play(stream(200, 5000, 1000));
  assert.deepEqual(segments[0]?.spans[0], { ...host.spans[2], length: segments[0]?.spans[0]?.length });
});

test("tables are put before a segment whose own bytes have none", () => {
  const { host, segments, play } = cut();
  play(
    [{ ms: 0, key: true, bare: true }, ...stream(100, 1900, 1e9)].map((chunk, i) => ({
      ...chunk,
      key: i === 0,
    })),
  );
  play([{ ms: 2000, key: true }, { ms: 3900 }, { ms: 4000, key: true }]);
  assert.deepEqual(
    segments.map((segment) => segment.head.length),
    [host.tables.length, 0],
  );
  assert.equal(segments[0]?.bytes, 19 * 500 + host.tables.length);
});

test("the timeline breaks: the segment ends there, the next one says so", () => {
  const { segments, play } = cut();
  play(stream(0, 2700, 1000));
  play([{ ms: 90_000, key: true, broken: true }]);
  play(stream(90_100, 95_000, 1000));
  assert.deepEqual(durations(segments).slice(0, 2), [2000, 600]);
  assert.deepEqual(segments.map((segment) => segment.discontinuity).slice(0, 3), [false, false, true]);
});

test("a break backwards never gives a negative duration", () => {
  const { segments, play } = cut();
  play(stream(50_000, 52_500, 1000));
  play([{ ms: 10, key: true, broken: true }]);
  play(stream(110, 4000, 1000));
  assert.ok(durations(segments).every((ms) => ms > 0 && ms < 4000));
});

test("falling out of the window is a break; so is memory that is gone", () => {
  for (const what of ["skip", "gone"] as const) {
    const { host, segments, segmenter, play } = cut();
    play(stream(0, 2500, 1000));
    if (what === "skip") host.skip();
    else {
      host.gone = true;
      host.put({ ms: 2500 });
      host.gone = false;
    }
    play(stream(3000, 8000, 1000));
    assert.equal(segments[2]?.discontinuity, true, what);
    assert.equal(segments[3]?.discontinuity, false, what);
    segmenter.close();
    for (const segment of segments) for (const span of segment.spans) host.releaseSpan(span);
    assert.equal(host.held, 0, what);
  }
});

test("no key frame for long: cut by time, within the target duration once there is one", () => {
  const before = cut();
  before.play(stream(0, 20_000, 1e9));
  assert.ok(durations(before.segments).every((ms) => ms <= 8000));
  assert.ok(before.segments.length >= 2);
  const after = cut({ targetS: 2 });
  after.play(stream(0, 20_000, 1e9));
  for (const ms of durations(after.segments)) assert.ok(Math.round(ms / 1000) <= 2, `${ms}`);
});

test("a stream that never has a key frame begins all the same", () => {
  const { host, segments, play } = cut();
  for (let i = 0; i < 2000; i++) host.put({ ms: i * 10, bytes: 4000 });
  play([]);
  assert.ok(segments.length > 0);
  assert.equal(segments[0]?.head.length, host.tables.length);
});

const chunk: fc.Arbitrary<FakeChunk & { readonly stepMs: number; readonly skip: boolean }> = fc.record({
  ms: fc.constant(0),
  stepMs: fc.integer({ min: 1, max: 90 }),
  key: fc.nat(9).map((n) => n === 0),
  bare: fc.boolean(),
  broken: fc.nat(40).map((n) => n === 0),
  skip: fc.nat(60).map((n) => n === 0),
  bytes: fc.integer({ min: 188, max: 3000 }),
});

test("whatever comes: no segment exceeds the target, and every hold is given back", () => {
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 300 }), (chunks) => {
      const { host, segments, segmenter } = cut({ segmentMs: 1000, targetS: 1 });
      let ms = 1000;
      for (const { stepMs, skip, ...rest } of chunks) {
        ms = rest.broken === true ? (ms * 7919) % 1_000_000 : ms + stepMs;
        if (skip) host.skip();
        host.put({ ...rest, ms });
      }
      segmenter.close();
      for (const segment of segments) {
        assert.ok(segment.durationTicks > 0);
        assert.ok(Math.round(segment.durationTicks / 90_000) <= 1, `${segment.durationTicks / 90} ms`);
        for (const span of segment.spans) host.releaseSpan(span);
      }
      assert.equal(host.held, 0);
      assert.ok([...host.holds.values()].every((held) => held === 0));
    }),
    { numRuns: 100 },
  );
});
