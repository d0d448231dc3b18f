import assert from "node:assert/strict";
import { test } from "node:test";
import { type Mpd, type TimelineEntry, writeMpd } from "@millrace/playlist";
import fc from "fast-check";
import type { Fetch } from "../hls-linter/model.ts";
import { lintMpd } from "./lint.ts";

const START_MS = Date.UTC(2026, 10, 21);
const WINDOW = 6;

/** The MPD when segments `first` to `first + WINDOW` are there; durations in milliseconds. */
function mpdAt(durations: readonly number[], first: number): Mpd {
  const sumOf = (list: readonly number[]) => list.reduce((sum, one) => sum + one, 0);
  const startTicks = sumOf(durations.slice(0, first));
  const listed = durations.slice(first, first + WINDOW);
  const entries = listed.map(
    (durationTicks, i): TimelineEntry => ({ ...(i === 0 && { startTicks }), durationTicks }),
  );
  return {
    profiles: ["urn:mpeg:dash:profile:isoff-live:2011"],
    type: "dynamic",
    availabilityStartTimeMs: START_MS,
    publishTimeMs: START_MS + startTicks + sumOf(listed),
    minimumUpdatePeriodUs: 2_000_000,
    minBufferTimeUs: 2_000_000,
    timeShiftBufferDepthUs: 4_000_000,
    maxSegmentDurationUs: Math.max(...durations) * 1000,
    periods: [
      {
        id: "1",
        startUs: 0,
        adaptationSets: [
          {
            id: 1,
            contentType: "audio",
            mimeType: "audio/mp4",
            lang: "en",
            roles: [{ schemeIdUri: "urn:mpeg:dash:role:2011", value: "main" }],
            segmentTemplate: {
              timescale: 1000,
              startNumber: first,
              media: "$RepresentationID$/$Number$.m4s",
              initializationTemplate: "$RepresentationID$/init.mp4",
              timeline: { entries },
            },
            representations: [
              {
                id: "a&1",
                bandwidth: 128_000,
                codecs: ["mp4a.40.2"],
                audioSamplingRate: "48000",
                audioChannelConfigurations: [
                  { schemeIdUri: "urn:mpeg:dash:23003:3:audio_channel_configuration:2011", value: "2" },
                ],
              },
            ],
          },
        ],
      },
    ],
    utcTimings: [{ schemeIdUri: "urn:mpeg:dash:utc:http-iso:2014", value: "/time?a=1&b=2" }],
  };
}

test("what @millrace/playlist writes of any live window keeps every rule", () => {
  const durations = fc.array(fc.integer({ min: 1000, max: 3000 }), { minLength: 8, maxLength: 14 });
  fc.assert(
    fc.property(durations, (all) => {
      const fetches = Array.from({ length: all.length - WINDOW + 1 }, (_, first): Fetch => {
        const bytes = new TextEncoder().encode(writeMpd(mpdAt(all, first)));
        const url = "http://127.0.0.1/live/manifest.mpd";
        return { url, sentMs: first, doneMs: first, status: 200, contentType: "application/dash+xml", bytes };
      });
      assert.deepEqual(lintMpd(fetches), []);
    }),
    { numRuns: 40 },
  );
});
