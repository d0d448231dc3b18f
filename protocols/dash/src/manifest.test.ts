import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type CmafPeriod,
  type CmafTrack,
  PRESENTATION_KEY,
  type Presentation,
  type SegmentRecord,
  segmentKey,
  Timeline,
} from "@millrace/cmaf";
import { parseMpd, segmentsOf, writeMpd } from "@millrace/playlist";
import { type ManifestOptions, manifestOf, stallOf } from "./manifest.ts";

const START_MS = 1_795_281_835_250;
const START = START_MS * 90;
const VIDEO: CmafTrack = {
  name: "v1",
  kind: "video",
  codec: "h264",
  codecString: "avc1.4d401e",
  timescale: 90_000,
  video: {
    width: 720,
    height: 576,
    sar: { num: 16, den: 11 },
    frameRate: { num: 25, den: 1 },
    profile: 77,
    level: 30,
  },
  init: "v1/init-1.mp4",
};
const AUDIO: CmafTrack = {
  name: "a1",
  kind: "audio",
  codec: "aac",
  codecString: "mp4a.40.2",
  timescale: 48_000,
  language: "deu",
  audioType: 3,
  audio: { sampleRate: 48_000, channels: 2 },
  init: "a1/init-2.mp4",
};
const OPTIONS: ManifestOptions = { byNumber: false, lowLatency: false, clockUrl: "../-/time", stall: 0 };

interface Case {
  /** Seconds of each segment; undefined for a gap. */
  readonly segments: readonly (number | undefined)[];
  readonly periods?: readonly Partial<CmafPeriod>[];
  readonly events?: Presentation["events"];
  readonly wholeMsn?: number;
  /** Numbers of segments in which there is no sound. */
  readonly silent?: readonly number[];
}

/** One timeline for picture and sound, from message number 10 on. Period 2 begins at the segment that it names first. */
function timelineOf({ segments, periods = [{}], events = [], wholeMsn, silent = [] }: Case): Timeline {
  const all = periods.map((each, i): CmafPeriod => {
    const common = { id: i + 1, firstMsn: 10, startTicks: START, utcOffsetMs: 125, tracks: [VIDEO, AUDIO] };
    return { ...common, ...each };
  });
  const timeline = new Timeline();
  const records: SegmentRecord[] = [];
  for (const { name: track, timescale } of [VIDEO, AUDIO]) {
    let seconds = START / 90_000;
    segments.forEach((duration, i) => {
      const msn = 10 + i;
      const period = all.findLast(({ firstMsn }) => msn >= firstMsn) as CmafPeriod;
      if (period.firstMsn === msn) seconds = period.startTicks / 90_000;
      const startTicks = seconds * timescale;
      const durationTicks = (duration ?? 2) * timescale;
      const places = { track, key: segmentKey(track, startTicks), msn, period: period.id, startTicks };
      const isGap = duration === undefined || (track === AUDIO.name && silent.includes(msn));
      const facts = { durationTicks, independent: true, wallMs: 0, bytes: 1000, parts: [], complete: true };
      records.push({ ...places, ...facts, ...(isGap && { gap: true }) });
      seconds += duration ?? 2;
    });
  }
  const presentation: Presentation = {
    targetDurationS: 2,
    partTargetUs: 300_000,
    firstMsn: 10,
    discontinuitySequence: 0,
    periods: all,
    events,
    startedMs: START_MS,
    wholeMsn: wholeMsn ?? 9 + segments.length,
    changedMs: START_MS + 60_000,
    rates: [{ period: 1, track: "v1", bitsPerSecond: 1_500_000 }],
  };
  timeline.apply([
    ...records.map((data) => ({ key: data.key, item: { data } })),
    { key: PRESENTATION_KEY, item: { data: presentation } },
  ]);
  return timeline;
}

function mpdOf(facts: Case, options: Partial<ManifestOptions> = {}) {
  const mpd = manifestOf(timelineOf(facts), { ...OPTIONS, ...options });
  assert.ok(mpd !== undefined);
  // What can be written is the same when it is read again.
  assert.deepEqual(parseMpd(writeMpd(mpd)), mpd);
  return mpd;
}

function urisOf(facts: Case, set: number, options: Partial<ManifestOptions> = {}): string[] {
  const mpd = mpdOf(facts, options);
  const adaptationSet = mpd.periods[0]?.adaptationSets[set];
  const [representation] = adaptationSet?.representations ?? [];
  assert.ok(adaptationSet !== undefined && representation !== undefined);
  const nowMs = START_MS + 125 + 8000;
  return segmentsOf({ mpd, period: 0, adaptationSet, representation, nowMs }).segments.map(({ uri }) => uri);
}

test("nothing is told before the first segment that all tracks have", () => {
  assert.equal(manifestOf(new Timeline(), OPTIONS), undefined);
  assert.equal(manifestOf(timelineOf({ segments: [2], wholeMsn: 9 }), OPTIONS), undefined);
});

test("segments are named by their start, and only those that all tracks have", () => {
  const names = [0, 2].map((seconds) => `cmaf/v1/${START + seconds * 90_000}.m4s`);
  assert.deepEqual(urisOf({ segments: [2, 2, 2], wholeMsn: 11 }, 0), names);
});

test("segments of one duration can be named by number", () => {
  const wanted = ["cmaf/a1/n10.m4s", "cmaf/a1/n11.m4s", "cmaf/a1/n12.m4s", "cmaf/a1/n13.m4s"];
  assert.deepEqual(urisOf({ segments: [2, 2, 2, 2] }, 1, { byNumber: true }), wanted);
});

for (const segments of [
  [2, 2, 3],
  [2, 3, 2],
  [2.5, 2, 2],
]) {
  test(`segments of ${segments} seconds are named by their start, even if numbers are wanted`, () => {
    const [mpd] = [mpdOf({ segments }, { byNumber: true, lowLatency: true })];
    const template = mpd.periods[0]?.adaptationSets[0]?.representations[0]?.segmentTemplate;
    assert.equal(template?.durationTicks, undefined);
    assert.match(template?.media ?? "", /\$Time\$/);
    assert.equal(mpd.serviceDescriptions, undefined);
  });
}

test("a gap is a hole in the timeline, and numbers go on behind it", () => {
  const template = mpdOf({ segments: [2, undefined, 2] }).periods[0]?.adaptationSets[0]?.representations[0]
    ?.segmentTemplate;
  assert.equal(template?.startNumber, 10);
  assert.deepEqual(template?.timeline?.entries, [
    { startTicks: START, durationTicks: 180_000 },
    { startTicks: START + 360_000, number: 12, durationTicks: 180_000 },
  ]);
});

test("tracks say what they are", () => {
  const [video, audio] = mpdOf({ segments: [2, 2] }).periods[0]?.adaptationSets ?? [];
  assert.equal(video?.par, "20:11");
  assert.deepEqual(video?.representations[0]?.codecs, ["avc1.4d401e"]);
  assert.equal(video?.representations[0]?.bandwidth, 1_500_000);
  assert.equal(video?.representations[0]?.frameRate, "25");
  assert.equal(audio?.lang, "deu");
  assert.deepEqual(
    audio?.roles?.map(({ value }) => value),
    ["description"],
  );
  assert.deepEqual(
    audio?.accessibilities?.map(({ value }) => value),
    ["1"],
  );
});

test("times are UTC since 1970, the same for ever", () => {
  const mpd = mpdOf({ segments: [2, 2] });
  assert.equal(mpd.availabilityStartTimeMs, 0);
  assert.equal(mpd.periods[0]?.startUs, (START_MS + 125) * 1000);
  assert.equal(mpd.periods[0]?.id, String(START));
});

/** Two periods, the second so many seconds behind the end of the first: their starts and durations, seconds. */
function pausedFor(seconds: number): (number | undefined)[][] {
  const second = { firstMsn: 12, startTicks: START + (4 + seconds) * 90_000 };
  const mpd = mpdOf({ segments: [2, 2, 2], periods: [{}, second] });
  assert.equal(mpd.timeShiftBufferDepthUs, (6 + seconds) * 1e6 - 100_000, "by the clock");
  return mpd.periods.map(({ startUs = 0, durationUs }) => [
    Math.round((startUs / 1e6 - START / 90_000) * 1000) / 1000,
    durationUs,
  ]);
}

test("a period begins when it came, and the one a little before it says when it ended", () => {
  assert.deepEqual(pausedFor(1), [
    [0.125, 4_000_000],
    [5.125, undefined],
  ]);
});

test("after a longer pause the period before lasts until the next one begins", () => {
  assert.deepEqual(pausedFor(10), [
    [0.125, undefined],
    [14.125, undefined],
  ]);
});

for (const [what, count, silent, sets] of [
  ["with sound from the beginning", 1, [], [2, 2]],
  ["whose sound has not come yet", 1, [12], [2]],
  ["whose sound came late", 2, [12], [2, 2]],
  ["whose sound may still come", 2, [12, 13], [2]],
  ["without sound for more than five seconds", 3, [12, 13, 14], [2, 1]],
] as const) {
  test(`tracks of each period, of which the second is one ${what}`, () => {
    const second = { firstMsn: 12, startTicks: START + 14 * 90_000 };
    const mpd = mpdOf({ segments: Array<number>(2 + count).fill(2), periods: [{}, second], silent });
    assert.deepEqual(
      mpd.periods.map(({ adaptationSets }) => adaptationSets.length),
      sets,
    );
  });
}

test("at low latency segments can be had from their first part on", () => {
  const mpd = mpdOf({ segments: [2, 2, 2] }, { lowLatency: true });
  const set = mpd.periods[0]?.adaptationSets[0];
  const template = set?.representations[0]?.segmentTemplate;
  assert.equal(template?.availabilityTimeOffsetUs, 1_700_000);
  assert.equal(template?.availabilityTimeComplete, false);
  assert.equal(mpd.serviceDescriptions?.[0]?.latency?.targetMs, 2000);
  assert.equal(set?.producerReferenceTimes?.[0]?.presentationTimeTicks, START);
});

test("splices are events of their period", () => {
  const data = Uint8Array.of(0xfc, 0x30);
  const event = {
    id: 3,
    scheme: "scte35",
    startTicks: START + 90_000,
    period: 1,
    wallMs: 0,
    sourceTicks: 0,
    data,
  };
  const mpd = mpdOf({ segments: [2, 2], events: [event as Presentation["events"][0]] });
  assert.deepEqual(mpd.periods[0]?.eventStreams, [
    {
      schemeIdUri: "urn:scte:scte35:2014:xml+bin",
      timescale: 90_000,
      events: [{ id: 3, presentationTimeTicks: 90_000, signal: { binary: data } }],
    },
  ]);
});

test("while a stream stands still the window reaches back to its last segments", () => {
  const facts = { segments: [2, 2, 2, 2] };
  const endMs = START_MS + 125 + 8000;
  const cases: [number, number][] = [
    [0, 0],
    [3900, 0],
    [4000, 2],
    [11_000, 5],
  ];
  for (const [afterMs, stall] of cases) {
    assert.equal(stallOf(timelineOf(facts), endMs + afterMs), stall, `${afterMs} ms`);
  }
  const [going, standing] = [mpdOf(facts), mpdOf(facts, { stall: 5 })];
  assert.equal(going.timeShiftBufferDepthUs, 7_900_000);
  assert.equal(standing.timeShiftBufferDepthUs, 19_900_000);
});

test("GStreamer waits for as much of a new stream as it wants to stay behind", () => {
  const options = { ...OPTIONS, byNumber: true, gstreamer: true };
  assert.equal(manifestOf(timelineOf({ segments: [2, 2] }), options), undefined);
  const mpd = manifestOf(timelineOf({ segments: [2, 2, 2] }), options);
  const startMs = (mpd?.availabilityStartTimeMs ?? 0) + (mpd?.periods[0]?.startUs ?? 0) / 1000;
  assert.equal(startMs, START_MS + 125);
  // The oldest segment is no longer the first: there will not be more.
  const later = [{ firstMsn: 9 }];
  assert.notEqual(manifestOf(timelineOf({ segments: [2, 2], periods: later }), options), undefined);
});
