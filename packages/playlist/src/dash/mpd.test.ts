import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { PlaylistProblem } from "../errors.ts";
import { arbitraryOf } from "../testing/arbitrary-shape.ts";
import type { Mpd } from "./mpd.ts";
import { parseMpd } from "./parse.ts";
import { mpdShape } from "./shapes.ts";
import { writeMpd } from "./write.ts";

const LIVE: Mpd = {
  profiles: ["urn:mpeg:dash:profile:isoff-live:2011", "http://www.dashif.org/guidelines/low-latency-live-v5"],
  type: "dynamic",
  availabilityStartTimeMs: Date.UTC(2026, 10, 21),
  publishTimeMs: Date.UTC(2026, 10, 21, 9, 46),
  minimumUpdatePeriodUs: 2_000_000,
  minBufferTimeUs: 1_000_000,
  timeShiftBufferDepthUs: 300_000_000,
  maxSegmentDurationUs: 2_000_000,
  serviceDescriptions: [
    {
      id: 0,
      latency: { referenceId: 7, targetMs: 3500, maxMs: 6000, minMs: 2000 },
      playbackRate: { maxThousandths: 1040, minThousandths: 960 },
    },
  ],
  periods: [
    {
      id: "1",
      startUs: 0,
      eventStreams: [
        {
          schemeIdUri: "urn:scte:scte35:2014:xml+bin",
          timescale: 90_000,
          events: [
            {
              presentationTimeTicks: 900_000,
              durationTicks: 2_700_000,
              id: 5,
              signal: { binary: Uint8Array.of(252, 48, 1) },
            },
          ],
        },
      ],
      adaptationSets: [
        {
          id: 1,
          contentType: "video",
          par: "16:9",
          segmentAlignment: true,
          mimeType: "video/mp4",
          startWithSap: 1,
          roles: [{ schemeIdUri: "urn:mpeg:dash:role:2011", value: "main" }],
          producerReferenceTimes: [
            {
              id: 7,
              type: "encoder",
              wallClockTime: "2026-11-21T00:00:00Z",
              presentationTimeTicks: 0,
              utcTiming: { schemeIdUri: "urn:mpeg:dash:utc:http-iso:2014", value: "/time" },
            },
          ],
          resyncs: [{ type: 0, maxDistanceTicks: 9000 }],
          segmentTemplate: {
            media: "$RepresentationID$/$Number$.m4s",
            initializationTemplate: "$RepresentationID$/init.mp4",
            timescale: 90_000,
            durationTicks: 180_000,
            startNumber: 0,
            availabilityTimeOffsetUs: 1_900_000,
            availabilityTimeComplete: false,
          },
          representations: [
            {
              id: "v1",
              bandwidth: 3_000_000,
              width: 1280,
              height: 720,
              frameRate: "25",
              codecs: ["avc1.64001f"],
            },
          ],
        },
      ],
    },
  ],
  utcTimings: [{ schemeIdUri: "urn:mpeg:dash:utc:http-iso:2014", value: "/time" }],
};

test("a live MPD is written in the order of the schema", () => {
  assert.equal(
    writeMpd(LIVE),
    `<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011,http://www.dashif.org/guidelines/low-latency-live-v5" type="dynamic" availabilityStartTime="2026-11-21T00:00:00.000Z" publishTime="2026-11-21T09:46:00.000Z" minimumUpdatePeriod="PT2S" minBufferTime="PT1S" timeShiftBufferDepth="PT5M" maxSegmentDuration="PT2S">
  <ServiceDescription id="0">
    <Latency referenceId="7" target="3500" max="6000" min="2000"/>
    <PlaybackRate max="1.04" min="0.96"/>
  </ServiceDescription>
  <Period id="1" start="PT0S">
    <EventStream schemeIdUri="urn:scte:scte35:2014:xml+bin" timescale="90000">
      <Event presentationTime="900000" duration="2700000" id="5">
        <Signal xmlns="http://www.scte.org/schemas/35/2016">
          <Binary>/DAB</Binary>
        </Signal>
      </Event>
    </EventStream>
    <AdaptationSet id="1" contentType="video" par="16:9" segmentAlignment="true" mimeType="video/mp4" startWithSAP="1">
      <ProducerReferenceTime id="7" type="encoder" wallClockTime="2026-11-21T00:00:00Z" presentationTime="0">
        <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/time"/>
      </ProducerReferenceTime>
      <Resync type="0" dT="9000"/>
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <SegmentTemplate media="$RepresentationID$/$Number$.m4s" initialization="$RepresentationID$/init.mp4" timescale="90000" availabilityTimeOffset="1.9" availabilityTimeComplete="false" duration="180000" startNumber="0"/>
      <Representation id="v1" bandwidth="3000000" width="1280" height="720" frameRate="25" codecs="avc1.64001f"/>
    </AdaptationSet>
  </Period>
  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/time"/>
</MPD>
`,
  );
  assert.deepEqual(parseMpd(writeMpd(LIVE)), LIVE);
});

test("any MPD reads as it was written", () => {
  fc.assert(
    fc.property(arbitraryOf(mpdShape), (mpd) => {
      const problems: PlaylistProblem[] = [];
      assert.deepEqual(parseMpd(writeMpd(mpd), problems), mpd);
      assert.deepEqual(problems, []);
    }),
    { numRuns: 300 },
  );
});

test("what cannot be read costs only itself", () => {
  const problems: PlaylistProblem[] = [];
  const mpd = parseMpd(
    `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="live" minBufferTime="soon">
<Period start="PT1S">
<EventStream><Event/></EventStream>
<AdaptationSet segmentAlignment="7" id="x">
<SegmentTemplate timescale="-1"><SegmentTimeline><S t="1"/><S d="2"/></SegmentTimeline></SegmentTemplate>
<SegmentTemplate timescale="1"/>
<Unknown><Representation id="not-here" bandwidth="1"/></Unknown>
<Representation id="a"/><Representation bandwidth="1"/>
</AdaptationSet></Period></MPD>`,
    problems,
  );
  assert.deepEqual(mpd, {
    profiles: [],
    minBufferTimeUs: 0,
    periods: [
      {
        startUs: 1_000_000,
        adaptationSets: [
          {
            segmentAlignment: true,
            segmentTemplate: { timeline: { entries: [{ durationTicks: 2 }] } },
            representations: [{ id: "a", bandwidth: 0 }],
          },
        ],
      },
    ],
  });
  assert.deepEqual(
    problems.map((one) => one.line),
    [1, 1, 3, 4, 5, 5, 6, 8, 8, 1, 1],
  );
});

test("what is no MPD is refused", () => {
  assert.throws(() => parseMpd("#EXTM3U"), { code: "playlist.not-xml" });
  assert.throws(() => parseMpd("<html/>"), { code: "playlist.not-mpd" });
  assert.throws(() => parseMpd("<MPD/>", [], { maxLength: 5 }), { code: "playlist.too-large" });
});

const SHARED = join(import.meta.dirname, "../../../../../shared/media/dash-mpd");

/** What in the captures is wrong by design: a `pssh` of three dots, an MPD without minBufferTime. */
const KNOWN_PROBLEMS: Readonly<Record<string, RegExp>> = {
  "dashschema-examples/example_G27.mpd": /^the text of pssh/,
  "videojs/multiperiod-segment-template.mpd": /minBufferTime/,
};

test("real MPDs are read without a problem, and survive being written", (t) => {
  if (!existsSync(SHARED)) {
    t.skip(`shared media missing: ${SHARED}`);
    return;
  }
  const names = readdirSync(SHARED, { recursive: true, encoding: "utf8" }).filter((one) =>
    one.endsWith(".mpd"),
  );
  for (const name of names) {
    const problems: PlaylistProblem[] = [];
    const mpd = parseMpd(readFileSync(join(SHARED, name), "utf8"), problems);
    const unexpected = problems.filter((one) => KNOWN_PROBLEMS[name]?.test(one.message) !== true);
    assert.deepEqual(unexpected, [], name);
    assert.deepEqual(parseMpd(writeMpd(mpd)), mpd, name);
    assert.ok(mpd.periods.length > 0, name);
  }
  assert.ok(names.length > 60, `${names.length} MPDs`);
});
