import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMediaPlaylist } from "./parse-media.ts";
import {
  type Cue,
  cueInTag,
  cueOutContTag,
  cueOutTag,
  dateRangeOf,
  oatclsTag,
  parseCueTag,
} from "./splice.ts";
import { writeMediaPlaylist } from "./write-media.ts";

const section = Uint8Array.of(0xfc, 0x30, 0x00, 0xff);

test("an out and its in are date ranges of one id", () => {
  const out = dateRangeOf({
    kind: "out",
    id: "splice-1",
    section,
    startDateMs: 0,
    plannedDurationUs: 59_993_000,
    // The end is not known yet, so it is not said.
    durationUs: 1,
  });
  assert.deepEqual(out, {
    id: "splice-1",
    startDateMs: 0,
    plannedDurationUs: 59_993_000,
    scte35Out: "0xFC3000FF",
  });
  const back = dateRangeOf({
    kind: "in",
    id: "splice-1",
    class: "ad",
    section,
    durationUs: 59_993_000,
    endDateMs: 59_993,
  });
  assert.deepEqual(back, {
    id: "splice-1",
    class: "ad",
    endDateMs: 59_993,
    durationUs: 59_993_000,
    scte35In: "0xFC3000FF",
  });
  const command = dateRangeOf({ kind: "command", id: "c", section, startDateMs: 5 });
  assert.deepEqual(command, { id: "c", startDateMs: 5, scte35Cmd: "0xFC3000FF" });
  const text = writeMediaPlaylist({ targetDurationS: 1, segments: [], dateRanges: [out, back, command] });
  assert.deepEqual(parseMediaPlaylist(text).dateRanges, [out, back, command]);
});

test("a splice that does not say when is refused", () => {
  for (const kind of ["out", "in", "command"] as const)
    assert.throws(() => dateRangeOf({ kind, id: "a", section }), { code: "playlist.bad-value" });
});

const TAGS: readonly (readonly [line: string, cue: Cue | undefined])[] = [
  [cueOutTag(30_000_000), { kind: "out", durationUs: 30_000_000 }],
  [cueOutTag(), { kind: "out" }],
  ["#EXT-X-CUE-OUT:30", { kind: "out", durationUs: 30_000_000 }],
  ["#EXT-X-CUE-OUT:Duration=15.5", { kind: "out", durationUs: 15_500_000 }],
  [cueOutContTag({ elapsedUs: 4_000_000 }), { kind: "continued", elapsedUs: 4_000_000 }],
  [
    cueOutContTag({ elapsedUs: 4_000_000, durationUs: 30_000_000, section }),
    { kind: "continued", elapsedUs: 4_000_000, durationUs: 30_000_000, section },
  ],
  ["#EXT-X-CUE-OUT-CONT:8.308/30", { kind: "continued", elapsedUs: 8_308_000, durationUs: 30_000_000 }],
  ["#EXT-X-CUE-OUT-CONT:8.308", { kind: "continued", elapsedUs: 8_308_000 }],
  ["#EXT-X-CUE-OUT-CONT", undefined],
  ["#EXT-X-CUE-OUT-CONT:soon", undefined],
  [cueInTag(), { kind: "in" }],
  [oatclsTag(section), { kind: "section", section }],
  ["#EXT-OATCLS-SCTE35:", undefined],
  ["#EXT-OATCLS-SCTE35:!", undefined],
  ["#EXT-X-CUE", undefined],
  ["#EXT-X-DISCONTINUITY", undefined],
];

test("cue tags are read as they are written, and in the other spellings that are met with", () => {
  for (const [line, cue] of TAGS) assert.deepEqual(parseCueTag(line), cue, line);
  assert.equal(cueOutTag(30_000_000), "#EXT-X-CUE-OUT:DURATION=30.000");
  assert.equal(
    cueOutContTag({ elapsedUs: 4_000_000, durationUs: 30_000_000, section }),
    "#EXT-X-CUE-OUT-CONT:ElapsedTime=4.000,Duration=30.000,SCTE35=/DAA/w==",
  );
  assert.throws(() => cueOutTag(-1), { code: "playlist.bad-value" });
});
