import assert from "node:assert/strict";
import { test } from "node:test";
import { TICKS_WRAP } from "@millrace/model";
import { FAR, notePid, type PidTime, SpliceClock } from "./splice-clock.ts";

const FRAME = 3600;

/** A clock that has sent frames of video up to DTS `last`, with the picture shown last at `shown`. */
function sent(options: { last: number; shown?: number; pcr?: number; framesSince?: number }): SpliceClock {
  const { last, shown = last, pcr, framesSince = 0 } = options;
  const clock = new SpliceClock();
  const start = last - 10 * FRAME;
  const video: PidTime = { pid: 0x100, dts: start, pts: start, step: 0 };
  for (let i = 1; i <= 10; i++) {
    if (pcr !== undefined && 10 - i + 1 === framesSince) clock.notePcr(pcr);
    const dts = start + i * FRAME;
    notePid(video, dts, i === 9 ? shown : dts);
    clock.noteStamps(video, true);
  }
  if (pcr !== undefined && framesSince === 0) clock.notePcr(pcr);
  return clock;
}

test("the next frame follows one frame later, or after the gap", () => {
  for (const [gap, expected] of [
    [0, FRAME],
    [FRAME - 1, FRAME],
    [90_000, 90_000],
  ] as const) {
    const clock = sent({ last: 1_000_000 });
    clock.begin(gap);
    clock.fitVideo(500, 500);
    assert.equal(500 + clock.offset, 1_000_000 + expected);
  }
});

test("a picture is shown after all that were shown before", () => {
  const clock = sent({ last: 1_000_000, shown: 1_000_000 + 5 * FRAME });
  clock.begin(0);
  clock.fitVideo(0, 0);
  assert.equal(clock.offset, 1_000_000 + 6 * FRAME);
});

test("a PCR that was sent long ago has grown older with the frames since", () => {
  for (const framesSince of [0, 1, 5]) {
    const clock = sent({ last: 1_000_000, pcr: 900_000, framesSince });
    clock.begin(0);
    clock.fitPcr(0);
    assert.equal(clock.offset, 900_000 + (framesSince + 1) * FRAME);
  }
});

test("what comes later may ask for more, not for less and not for the absurd", () => {
  const clock = sent({ last: 1_000_000, pcr: 990_000 });
  clock.begin(0);
  clock.fitPcr(0);
  assert.equal(clock.offset, 990_000 + FRAME);
  clock.announce = false;
  clock.fitVideo(50_000, 50_000);
  assert.equal(clock.offset, 990_000 + FRAME, "enough already");
  assert.equal(clock.announce, false);
  clock.fitVideo(5000, 5000);
  assert.equal(clock.offset, 1_000_000 + FRAME - 5000);
  assert.equal(clock.announce, true, "the PCR that was sent no longer holds");
  const before = clock.offset;
  clock.fitVideo(5000 - 2 * FAR, 5000 - 2 * FAR);
  assert.equal(clock.offset, before);
});

test("all of it holds over the wrap", () => {
  const clock = sent({ last: TICKS_WRAP - 10, pcr: TICKS_WRAP - 50_000 });
  clock.begin(0);
  clock.fitPcr(TICKS_WRAP - 1000);
  clock.fitVideo(1000, 1000);
  assert.equal((1000 + clock.offset) % TICKS_WRAP, FRAME - 10);
});
