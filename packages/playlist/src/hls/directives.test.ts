import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  blockingAnswer,
  type DeliveryDirectives,
  edgeOf,
  formatDeliveryDirectives,
  type LiveEdge,
  parseDeliveryDirectives,
} from "./directives.ts";

const QUERIES: readonly (readonly [query: string, directives: DeliveryDirectives | "refused"])[] = [
  ["", {}],
  ["?", {}],
  ["token=a&b", {}],
  ["?_HLS_msn=273", { msn: 273 }],
  ["token=a&_HLS_msn=273&_HLS_part=0&_HLS_skip=YES", { msn: 273, part: 0, skip: "YES" }],
  ["_HLS_skip=v2", { skip: "v2" }],
  ["_HLS_skip=v3&_HLS_later=x", {}],
  ["_HLS_part=1", "refused"],
  ["_HLS_msn=", "refused"],
  ["_HLS_msn", "refused"],
  ["_HLS_msn=-1", "refused"],
  ["_HLS_msn=1.5", "refused"],
  ["_HLS_msn=99999999999999999999", "refused"],
  ["_HLS_msn=1&_HLS_part=x", "refused"],
  ["_HLS_msn=1&_HLS_msn=1", "refused"],
];

test("delivery directives are read, and refused where a server has to answer 400", () => {
  for (const [query, directives] of QUERIES)
    if (directives === "refused")
      assert.throws(() => parseDeliveryDirectives(query), { code: "playlist.bad-directive" }, query);
    else assert.deepEqual(parseDeliveryDirectives(query), directives, query);
});

test("they read as they were written", () => {
  const directives = fc.oneof(
    fc.record(
      { msn: fc.nat(), part: fc.nat(), skip: fc.constantFrom("YES", "v2") },
      { noNullPrototype: true },
    ),
    fc.record({ msn: fc.nat() }, { noNullPrototype: true }),
    fc.constant({}),
  );
  fc.assert(
    fc.property(directives, (one) =>
      assert.deepEqual(parseDeliveryDirectives(formatDeliveryDirectives(one as DeliveryDirectives)), one),
    ),
  );
});

/** Segment 100 is complete and has four parts, of 101 there are two. */
const EDGE: LiveEdge = { lastMsn: 100, lastParts: 4, pendingParts: 2, partTargetUs: 500_000, ended: false };

const ANSWERS: readonly (readonly [
  DeliveryDirectives,
  Partial<LiveEdge>,
  ReturnType<typeof blockingAnswer>,
])[] = [
  [{}, {}, "now"],
  [{ skip: "YES" }, {}, "now"],
  [{ msn: 100 }, {}, "now"],
  [{ msn: 7 }, {}, "now"],
  [{ msn: 7, part: 900 }, {}, "now"],
  [{ msn: 101 }, {}, "wait"],
  [{ msn: 102 }, {}, "wait"],
  [{ msn: 103 }, {}, "too-far"],
  [{ msn: 103 }, { ended: true }, "now"],
  [{ msn: 100, part: 3 }, {}, "now"],
  // Part 4 of segment 100 is part 0 of segment 101.
  [{ msn: 100, part: 4 }, {}, "now"],
  [{ msn: 100, part: 4 }, { pendingParts: 0 }, "wait"],
  [{ msn: 101, part: 1 }, {}, "now"],
  [{ msn: 101, part: 2 }, {}, "wait"],
  [{ msn: 101, part: 7 }, {}, "wait"],
  [{ msn: 101, part: 8 }, {}, "too-far"],
  [{ msn: 101, part: 4 }, { partTargetUs: 1_500_000 }, "wait"],
  [{ msn: 101, part: 5 }, { partTargetUs: 1_500_000 }, "too-far"],
  [{ msn: 102, part: 0 }, {}, "wait"],
  [{ msn: 102, part: 6 }, {}, "too-far"],
];

test("a server answers now, waits, or refuses what is too far ahead", () => {
  for (const [directives, edge, answer] of ANSWERS)
    assert.equal(
      blockingAnswer(directives, { ...EDGE, ...edge }),
      answer,
      JSON.stringify([directives, edge]),
    );
});

test("the edge of a playlist counts what a delta update leaves out", () => {
  const part = { uri: "p", durationUs: 1 };
  const segment = { uri: "s", durationUs: 1, parts: [part, part, part, part] };
  const playlist = { targetDurationS: 1, mediaSequence: 90, partTargetUs: 500_000, parts: [part, part] };
  const edge = edgeOf({ ...playlist, skipped: { segments: 10 }, segments: [segment] });
  assert.deepEqual(edge, EDGE);
  assert.equal(edgeOf({ targetDurationS: 1, segments: [] }).lastMsn, -1);
});
