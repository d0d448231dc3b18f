import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventRecord } from "@millrace/cmaf";
import { applyDelta, deltaOf, type MediaPlaylist } from "@millrace/playlist";
import { readSettings } from "../config.ts";
import { makeTimeline, START_MS, track } from "../testing/made-timeline.ts";
import { insert } from "../testing/splice-sections.ts";
import { dateRangeSkip } from "./date-range-skip.ts";
import { trackPlaylist } from "./track-playlist.ts";

const SETTINGS = readSettings({});
/** Twelve segments of two seconds: the Skip Boundary is 12 s from the end. */
const COUNT = 12;

/** A splice that is commanded at once, so many seconds behind the start of the playlist. */
function splice(id: number, atS: number, out: boolean): EventRecord {
  return {
    id,
    scheme: "scte35",
    startTicks: 0,
    period: 1,
    wallMs: START_MS + atS * 1000,
    sourceTicks: 0,
    data: insert({ event: Math.floor(id / 2), out }),
  };
}

function made(events: readonly EventRecord[], settings = SETTINGS) {
  const timeline = makeTimeline({ tracks: [track("v1")], count: COUNT, open: 1, events });
  const playlist = trackPlaylist(timeline, { track: "v1", lowLatency: true, settings }) as MediaPlaylist;
  return { playlist, skip: dateRangeSkip(timeline, "v1", playlist) };
}

function rangesOf({ segments, dateRanges = [] }: MediaPlaylist): string[] {
  const all = [...segments.flatMap((segment) => segment.dateRanges ?? []), ...dateRanges];
  return all
    .map(({ id, scte35In }) => `${scte35In === undefined ? "out" : "in"} ${id.split("-")[1]}`)
    .toSorted();
}

const LONG_OVER = [splice(2, -60, true), splice(3, -50, false)];
const JUST_OVER = [splice(4, -9, true), splice(5, -1, false)];
const OLD = [splice(6, 1, true), splice(7, 5, false)];
const GOES_ON = [splice(8, 2, true), splice(9, 20, false)];
const NEW = [splice(10, 21, true)];
const ALL = [...LONG_OVER, ...JUST_OVER, ...OLD, ...GOES_ON, ...NEW].toSorted((a, b) => a.wallMs - b.wallMs);

test("a delta update leaves out date ranges that came before the Skip Boundary, and names those that were removed since", () => {
  const { playlist, skip } = made(ALL);
  assert.deepEqual(rangesOf(playlist), ["in 3", "in 4", "out 3", "out 4", "out 5"]);
  const delta = deltaOf(playlist, skip);
  assert.deepEqual(rangesOf(delta), ["in 4", "out 5"]);
  assert.deepEqual(
    delta.skipped?.removedDateRanges?.map((id) => id.split("-")[1]),
    ["2"],
  );
});

test("with what it knew before, a client has all date ranges again", () => {
  const before = made(ALL.filter(({ wallMs }) => wallMs < START_MS + 20_000)).playlist;
  const { playlist, skip } = made(ALL);
  const whole = applyDelta(before, deltaOf(playlist, skip)) as MediaPlaylist;
  assert.deepEqual(rangesOf(whole), rangesOf(playlist));
});

test("where date ranges are not listed none was removed", () => {
  const { playlist, skip } = made(ALL, readSettings({ hls_scte35: "cue" }));
  assert.equal(playlist.serverControl?.canSkipDateRanges, undefined);
  assert.deepEqual(skip.removedIds, []);
});
