import assert from "node:assert/strict";
import { test } from "node:test";
import { type Mpd, parseDuration } from "@millrace/playlist";
import { forGstreamer, isGstreamer, withClock, withDays } from "./gstreamer.ts";

const HOUR_US = 3_600_000_000;

test("it is known by the name that its HTTP source gives", () => {
  assert.equal(isGstreamer("GStreamer souphttpsrc 1.22.0 libsoup/3.2.3"), true);
  for (const other of [undefined, "", "Mozilla/5.0", "Lavf/59.27.100"])
    assert.equal(isGstreamer(other), false);
});

test("time counts from the month in which the oldest period began", () => {
  const [firstMs, secondMs] = [Date.UTC(2026, 10, 30, 23, 59, 59, 125), Date.UTC(2026, 11, 1, 0, 0, 9)];
  const mpd: Mpd = {
    profiles: [],
    type: "dynamic",
    availabilityStartTimeMs: 0,
    minBufferTimeUs: 2_000_000,
    suggestedPresentationDelayUs: 6_000_000,
    periods: [firstMs, secondMs].map((ms) => ({ startUs: ms * 1000, adaptationSets: [] })),
  };
  const own = forGstreamer(mpd, 2_000_000);
  assert.equal(own.availabilityStartTimeMs, Date.UTC(2026, 10));
  for (const [i, ms] of [firstMs, secondMs].entries())
    assert.equal((own.availabilityStartTimeMs ?? 0) * 1000 + (own.periods[i]?.startUs ?? 0), ms * 1000);
  assert.equal(own.suggestedPresentationDelayUs, 1_500_000);
  assert.equal(forGstreamer(mpd, 10_000_000).suggestedPresentationDelayUs, 6_000_000);
});

test("no field of a duration is more than GStreamer takes, and all of them last as long as before", () => {
  const cases: readonly [number, string][] = [
    [0, "PT0H1S"],
    [23, "PT23H1S"],
    [24, "P1DT0H1S"],
    [24 * 30 + 23, "P30DT23H1S"],
    [24 * 31, "P1M1DT0H1S"],
    [24 * 91 + 5, "P3M1DT5H1S"],
  ];
  for (const [hours, wanted] of cases) {
    const [, text] = /="(.*)"/.exec(withDays(`start="PT${hours}H1S"`)) ?? [];
    assert.equal(text, wanted);
    assert.equal(parseDuration(text), hours * HOUR_US + 1_000_000);
  }
});

test("the clock's address is absolute", () => {
  const text = '<UTCTiming schemeIdUri="s" value="../../-/time"/>';
  assert.equal(
    withClock(text, "../../-/time", "http://h:80"),
    '<UTCTiming schemeIdUri="s" value="http://h:80/-/time"/>',
  );
});
