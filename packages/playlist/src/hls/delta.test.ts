import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { applyDelta, deltaOf, skippableSegments } from "./delta.ts";
import type { DateRange, MediaPlaylist, MediaSegment } from "./media-playlist.ts";
import { parseMediaPlaylist } from "./parse-media.ts";
import { writeMediaPlaylist } from "./write-media.ts";

const BOUNDARY = { canSkipUntilUs: 6_000_000 };

function playlistOf(segments: readonly MediaSegment[], extra: Partial<MediaPlaylist> = {}): MediaPlaylist {
  return { targetDurationS: 1, mediaSequence: 10, serverControl: BOUNDARY, segments, ...extra };
}

function plain(count: number, change: (index: number) => Partial<MediaSegment> = () => ({})): MediaSegment[] {
  return Array.from({ length: count }, (_, i) => ({ uri: `${i + 10}`, durationUs: 1_000_000, ...change(i) }));
}

test("segments that end behind the Skip Boundary can be left out", () => {
  assert.equal(skippableSegments(playlistOf(plain(10))), 3);
  assert.equal(skippableSegments(playlistOf(plain(7))), 0);
  assert.equal(skippableSegments(playlistOf(plain(8))), 1);
  assert.equal(skippableSegments(playlistOf(plain(10), { endlist: true })), 0);
  assert.equal(skippableSegments({ targetDurationS: 1, segments: plain(10) }), 0);
});

test("a playlist with nothing to leave out is its own delta update, and is taken as it is", () => {
  const playlist = playlistOf(plain(5));
  assert.equal(deltaOf(playlist), playlist);
  assert.equal(applyDelta(playlistOf(plain(1)), playlist), playlist);
});

test("a delta update is refused where the known playlist lacks what it leaves out", () => {
  const delta = playlistOf(plain(2), { mediaSequence: 12, skipped: { segments: 3 } });
  const known = (mediaSequence: number, count: number) =>
    applyDelta(playlistOf(plain(count), { mediaSequence }), delta);
  assert.equal(known(13, 9), undefined);
  assert.equal(known(10, 4), undefined);
  assert.equal(known(10, 5)?.segments.length, 5);
  assert.equal(known(12, 3)?.segments.length, 5);
  assert.equal(applyDelta(delta, delta), undefined);
});

const key = { method: "AES-128", uri: "k" };
const map = { uri: "init" };

test("keys and maps said among the skipped segments hold for those behind", () => {
  const full = playlistOf(plain(10, (i) => ({ map, ...(i < 8 && { keys: [key] }) })));
  const foreign = parseMediaPlaylist(
    "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:10\n#EXT-X-SKIP:SKIPPED-SEGMENTS=7\n" +
      "#EXTINF:1,\n17\n#EXT-X-KEY:METHOD=NONE\n#EXTINF:1,\n18\n#EXTINF:1,\n19\n",
  );
  assert.deepEqual(applyDelta(full, foreign)?.segments, full.segments);
});

test("a key that ended among the skipped segments is said to have ended", () => {
  const full = playlistOf(plain(10, (i) => (i === 0 ? { keys: [key] } : {})));
  const text = writeMediaPlaylist(deltaOf(full));
  assert.match(text, /#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n#EXT-X-KEY:METHOD=NONE\n/);
  assert.deepEqual(applyDelta(full, parseMediaPlaylist(text))?.segments, full.segments);
});

const ranges = (id: string): DateRange[] => [{ id, startDateMs: 0 }];

test("date ranges of skipped segments stay in an update that skips segments only", () => {
  const full = playlistOf(plain(10, (i) => (i === 0 || i === 5 ? { dateRanges: ranges(`r${i}`) } : {})));
  const delta = deltaOf(full);
  assert.deepEqual(
    delta.segments.map((one) => one.dateRanges?.map((range) => range.id) ?? []),
    [["r0"], [], ["r5"], [], [], [], []],
  );
  const again = applyDelta(full, delta);
  assert.deepEqual(
    again?.segments.flatMap((one) => one.dateRanges ?? []).map((one) => one.id),
    ["r0", "r5"],
  );
});

test("old date ranges are left out where the client asked for it, and put back without the removed", () => {
  const before = playlistOf(
    plain(10, (i) => (i % 3 === 0 ? { dateRanges: ranges(`r${i}`) } : {})),
    { dateRanges: ranges("last") },
  );
  const { dateRanges: _gone, ...first } = before.segments[0] as MediaSegment;
  const now = { ...before, segments: [first, ...before.segments.slice(1)] };
  const delta = deltaOf(now, { isOld: (range) => range.id !== "last", removedIds: ["r0"] });
  assert.deepEqual(delta.skipped, { segments: 3, removedDateRanges: ["r0"] });
  assert.ok(delta.segments.every((one) => one.dateRanges === undefined));
  const again = applyDelta(before, parseMediaPlaylist(writeMediaPlaylist(delta)));
  const { version: _version, ...rest } = again as MediaPlaylist;
  assert.deepEqual(rest, now);
});

test("whatever is left out is the same again when put back", () => {
  const segment = fc.record({
    durationUs: fc.integer({ min: 100_000, max: 2_000_000 }),
    keyed: fc.boolean(),
    discontinuity: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 20 }), fc.nat(5), (list, added) => {
      const all = list.map(
        ({ durationUs, keyed, discontinuity }, i): MediaSegment => ({
          uri: `${i}`,
          durationUs,
          map,
          ...(keyed && { keys: [key] }),
          ...(discontinuity && { discontinuity }),
        }),
      );
      const known = playlistOf(all.slice(0, Math.max(0, all.length - added)));
      const now = playlistOf(all);
      const delta = parseMediaPlaylist(writeMediaPlaylist(deltaOf(now)));
      const whole = applyDelta(known, delta);
      const lacks = (delta.skipped?.segments ?? 0) > known.segments.length;
      if (lacks) assert.equal(whole, undefined);
      else assert.deepEqual(whole?.segments, now.segments);
    }),
    { numRuns: 200 },
  );
});
