import assert from "node:assert/strict";
import { test } from "node:test";
import type { Mpd, SegmentInfo } from "./mpd.ts";
import { periodBounds, type SegmentQuery, segmentsOf } from "./segments.ts";
import { expandTemplate } from "./template.ts";

const TEMPLATES: readonly (readonly [template: string, url: string | undefined])[] = [
  ["a.mp4", "a.mp4"],
  ["$RepresentationID$/$Number$.m4s", "v1/7.m4s"],
  ["$Number%05d$", "00007"],
  ["$Time$-$Time%02d$", "1234-1234"],
  ["$Bandwidth$$$$SubNumber%03d$", "5000$002"],
  ["$$$$", "$$"],
  ["$RepresentationID%05d$", undefined],
  ["$Number%5d$", undefined],
  ["$Number%05x$", undefined],
  ["$Other$", undefined],
  ["$Number$$", undefined],
  ["$Number%099d$", undefined],
];

test("URL templates are filled in", () => {
  const values = { representationId: "v1", bandwidth: 5000, number: 7, timeTicks: 1234, subNumber: 2 };
  for (const [template, url] of TEMPLATES)
    if (url !== undefined) assert.equal(expandTemplate(template, values), url, template);
    else assert.throws(() => expandTemplate(template, values), { code: "playlist.bad-template" }, template);
  assert.throws(() => expandTemplate("$Number$", {}), { code: "playlist.bad-template" });
});

const REPRESENTATION = { id: "v1", bandwidth: 5000 };

function query(info: SegmentInfo, mpd: Partial<Mpd> = {}, more: Partial<SegmentQuery> = {}): SegmentQuery {
  const adaptationSet = { representations: [REPRESENTATION], ...info };
  return {
    mpd: {
      profiles: [],
      minBufferTimeUs: 0,
      mediaPresentationDurationUs: 10_000_000,
      periods: [{ adaptationSets: [adaptationSet] }],
      ...mpd,
    },
    period: 0,
    adaptationSet,
    representation: REPRESENTATION,
    mpdUri: "http://h/a/b.mpd?c",
    ...more,
  };
}

const urisOf = (one: SegmentQuery) => segmentsOf(one).segments.map((segment) => segment.uri);

test("segments of one duration go on to the end of the period", () => {
  const segmentTemplate = {
    media: "$Number$.m4s",
    initializationTemplate: "$RepresentationID$.mp4",
    timescale: 1000,
    durationTicks: 4000,
    startNumber: 0,
    presentationTimeOffsetTicks: 500,
  };
  assert.deepEqual(segmentsOf(query({ segmentTemplate })), {
    timescale: 1000,
    initialization: { uri: "http://h/a/v1.mp4" },
    segments: [
      { uri: "http://h/a/0.m4s", number: 0, startTicks: 500, durationTicks: 4000, startUs: 0 },
      { uri: "http://h/a/1.m4s", number: 1, startTicks: 4500, durationTicks: 4000, startUs: 4_000_000 },
      { uri: "http://h/a/2.m4s", number: 2, startTicks: 8500, durationTicks: 4000, startUs: 8_000_000 },
    ],
  });
  const ended = query({ segmentTemplate: { ...segmentTemplate, endNumber: 1 } });
  assert.equal(segmentsOf(ended).segments.length, 2);
  const later = query({ segmentTemplate }, {}, { fromUs: 4_000_001 });
  assert.deepEqual(urisOf(later), ["http://h/a/1.m4s", "http://h/a/2.m4s"]);
});

test("of a live MPD without timeline, the clock says which segments there are", () => {
  const segmentTemplate = { media: "$Number$", timescale: 1, durationTicks: 2 };
  const mpd: Mpd = {
    profiles: [],
    minBufferTimeUs: 0,
    type: "dynamic",
    availabilityStartTimeMs: 1_000_000,
    timeShiftBufferDepthUs: 6_000_000,
    periods: [{ startUs: 10_000_000, adaptationSets: [] }],
  };
  const open = (seconds: number, info: object = {}, more: Partial<Mpd> = {}) => {
    const adaptationSet = {
      representations: [REPRESENTATION],
      segmentTemplate: { ...segmentTemplate, ...info },
    };
    const nowMs = 1_000_000 + seconds * 1000;
    const one = { mpd: { ...mpd, ...more }, period: 0, adaptationSet, representation: REPRESENTATION, nowMs };
    return segmentsOf(one).segments.map((segment) => segment.number);
  };
  // A period that ends where it begins never has any.
  assert.deepEqual(open(12, {}, { mediaPresentationDurationUs: 10_000_000 }), []);
  assert.deepEqual(open(11.9), []);
  assert.deepEqual(open(12), [1]);
  assert.deepEqual(open(20), [3, 4, 5]);
  assert.deepEqual(open(20, { availabilityTimeOffsetUs: 1_500_000 }), [3, 4, 5]);
  assert.deepEqual(open(20.5, { availabilityTimeOffsetUs: 1_500_000 }), [3, 4, 5, 6]);
});

test("a timeline gives times and numbers, repeats up to what follows, and has holes", () => {
  const entries = [
    { startTicks: 100, durationTicks: 10, repeat: 1 },
    { durationTicks: 20 },
    { startTicks: 200, durationTicks: 10, repeat: -1, number: 50 },
    { startTicks: 230, durationTicks: 30, repeat: -1 },
  ];
  const segmentTemplate = {
    media: "$Number$-$Time$",
    timescale: 10,
    presentationTimeOffsetTicks: 190,
    timeline: { entries },
  };
  const one = query({ segmentTemplate }, { mediaPresentationDurationUs: 10_000_000 });
  assert.deepEqual(
    segmentsOf(one).segments.map(({ uri, startUs }) => [uri.slice(11), startUs]),
    [
      ["1-100", -9_000_000],
      ["2-110", -8_000_000],
      ["3-120", -7_000_000],
      ["50-200", 1_000_000],
      ["51-210", 2_000_000],
      ["52-220", 3_000_000],
      ["53-230", 4_000_000],
      ["54-260", 7_000_000],
    ],
  );
  assert.equal(segmentsOf({ ...one, fromUs: 2_500_000 }).segments[0]?.number, 51);
});

test("a segment that comes in pieces has one URL for each", () => {
  const segmentTemplate = {
    media: "$Number$.$SubNumber$",
    timescale: 10,
    timeline: { entries: [{ durationTicks: 20, pieces: 3 }] },
  };
  const { segments } = segmentsOf(query({ segmentTemplate }));
  assert.deepEqual(
    segments.map(({ uri, startTicks, durationTicks, subNumber }) => [
      uri.slice(11),
      startTicks,
      durationTicks,
      subNumber,
    ]),
    [
      ["1.1", 0, 6, 1],
      ["1.2", 6, 7, 2],
      ["1.3", 13, 7, 3],
    ],
  );
});

test("times that count from 1970 lose no digits", () => {
  const startTicks = 154_490_711_400_000;
  const segmentTemplate = {
    media: "$Time$",
    timescale: 90_000,
    timeline: { entries: [{ startTicks, durationTicks: 180_000, repeat: 1 }] },
  };
  const { segments } = segmentsOf(query({ segmentTemplate }));
  assert.deepEqual(
    segments.map((one) => one.startUs),
    [1_716_563_460_000_000, 1_716_563_462_000_000],
  );
});

test("lists and single resources name ranges", () => {
  const segmentList = {
    initialization: { sourceUrl: "i.mp4", range: { first: 0, last: 99 } },
    durationTicks: 4,
    urls: [{ media: "s1.mp4" }, { mediaRange: { first: 5, last: 9 } }],
  };
  assert.deepEqual(segmentsOf(query({ segmentList })), {
    timescale: 1,
    initialization: { uri: "http://h/a/i.mp4", range: { first: 0, last: 99 } },
    segments: [
      { uri: "http://h/a/s1.mp4", number: 1, startTicks: 0, durationTicks: 4, startUs: 0 },
      {
        uri: "http://h/a/b.mpd?c",
        range: { first: 5, last: 9 },
        number: 2,
        startTicks: 4,
        durationTicks: 4,
        startUs: 4_000_000,
      },
    ],
  });
  const segmentBase = {
    timescale: 1000,
    indexRange: { first: 10, last: 20 },
    initialization: { range: { first: 0, last: 9 } },
  };
  const whole = segmentsOf(query({ segmentBase }, { baseUrls: [{ uri: "/m/" }, { uri: "/other/" }] }));
  assert.deepEqual(whole, {
    timescale: 1000,
    initialization: { uri: "http://h/m/", range: { first: 0, last: 9 } },
    index: { uri: "http://h/m/", range: { first: 10, last: 20 } },
    segments: [{ uri: "http://h/m/", number: 1, startTicks: 0, durationTicks: 10_000, startUs: 0 }],
  });
});

test("each level takes from the one above what it does not say", () => {
  const one = query({ segmentTemplate: { timescale: 10, media: "set-$Number$" } });
  const representation = {
    ...REPRESENTATION,
    segmentTemplate: { media: "$Number$" },
    baseUrls: [{ uri: "r/" }],
  };
  const periods = [
    { adaptationSets: [], segmentTemplate: { durationTicks: 50, timescale: 1 }, baseUrls: [{ uri: "p/" }] },
  ];
  const found = segmentsOf({ ...one, representation, mpd: { ...one.mpd, periods } });
  assert.deepEqual(
    found.segments.map((segment) => segment.uri),
    ["http://h/a/p/r/1", "http://h/a/p/r/2"],
  );
});

test("an MPD cannot ask for more segments than the limit, or for what never ends", () => {
  const cases: SegmentInfo[] = [
    { segmentTemplate: { media: "a", timeline: { entries: [{ durationTicks: 1, repeat: 2 ** 50 }] } } },
    { segmentTemplate: { media: "a", timescale: 1_000_000, durationTicks: 1 } },
    { segmentTemplate: { media: "a", timeline: { entries: [{ durationTicks: 1, pieces: 2 ** 40 }] } } },
  ];
  for (const info of cases) assert.throws(() => segmentsOf(query(info)), { code: "playlist.too-large" });
  const { mediaPresentationDurationUs: _end, ...endless } = query({}).mpd;
  const forever = query({ segmentTemplate: { media: "a", durationTicks: 1 } });
  assert.throws(() => segmentsOf({ ...forever, mpd: endless }), { code: "playlist.too-large" });
  for (const bad of [{ timescale: 0 }, { durationTicks: 0 }])
    assert.throws(() => segmentsOf(query({ segmentTemplate: { media: "a", ...bad } })), {
      code: "playlist.bad-template",
    });
});

test("periods follow each other", () => {
  const adaptationSets: [] = [];
  const mpd: Mpd = {
    profiles: [],
    minBufferTimeUs: 0,
    mediaPresentationDurationUs: 60,
    periods: [
      { adaptationSets, durationUs: 10 },
      { adaptationSets, durationUs: 5 },
      { adaptationSets, startUs: 30 },
    ],
  };
  assert.deepEqual(
    [0, 1, 2].map((i) => periodBounds(mpd, i)),
    [
      { startUs: 0, endUs: 10 },
      { startUs: 10, endUs: 30 },
      { startUs: 30, endUs: 60 },
    ],
  );
  // An early available period: its start is not known yet (§5.3.2.1).
  assert.deepEqual(periodBounds({ ...mpd, type: "dynamic" }, 0), {});
});
