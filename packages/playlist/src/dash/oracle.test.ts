import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { Mpd } from "./mpd.ts";
import { parseMpd } from "./parse.ts";
import { segmentsOf } from "./segments.ts";
import { writeMpd } from "./write.ts";

interface OraclePlaylist {
  uri: string;
  segments: { resolvedUri: string; number: number; duration: number; presentationTime: number }[];
  attributes: { NAME: string; BANDWIDTH: number; CODECS?: string };
}
interface OracleManifest {
  duration: number;
  endList: boolean;
  playlists: OraclePlaylist[];
  mediaGroups: { AUDIO: Record<string, Record<string, { playlists: OraclePlaylist[] }>> };
}
const { parse: readByOracle } = createRequire(import.meta.url)("mpd-parser") as {
  parse: (
    text: string,
    options: { manifestUri: string; NOW?: number; eventHandler?: () => void },
  ) => OracleManifest;
};

const URI = "http://h/a/b.mpd";

/** Segments of one representation in a static MPD, as mpd-parser and as this package list them. */
function compare(mpd: Mpd): void {
  const oracle = readByOracle(writeMpd(mpd), { manifestUri: URI, eventHandler: () => {} });
  const adaptationSet = mpd.periods[0]!.adaptationSets[0]!;
  for (const representation of adaptationSet.representations) {
    const ours = segmentsOf({ mpd, period: 0, adaptationSet, representation, mpdUri: URI });
    const theirs = oracle.playlists.find((one) => one.attributes.NAME === representation.id);
    assert.ok(theirs !== undefined, representation.id);
    assert.equal(theirs.attributes.BANDWIDTH, representation.bandwidth);
    assert.deepEqual(
      ours.segments.map((one) => one.uri),
      theirs.segments.map((one) => one.resolvedUri),
    );
    for (const [i, segment] of ours.segments.entries()) {
      assert.ok(
        Math.abs(segment.startUs - (theirs.segments[i]?.presentationTime ?? 0) * 1e6) < 2,
        `${i}: ${segment.startUs}`,
      );
    }
  }
}

const entries = fc.array(
  fc.record(
    { durationTicks: fc.integer({ min: 1, max: 5000 }), repeat: fc.nat(5) },
    { noNullPrototype: true },
  ),
  { minLength: 1, maxLength: 6 },
);
const template = fc.record({
  media: fc.constantFrom("$RepresentationID$/$Number$.m4s", "$Number%06d$-$Bandwidth$", "../t$Time$"),
  timescale: fc.constantFrom(1000, 48_000, 90_000),
  startNumber: fc.nat(1000),
  presentationTimeOffsetTicks: fc.nat(100_000),
});

test("mpd-parser lists the segments of a timeline as this package does", () => {
  fc.assert(
    fc.property(template, entries, (base, list) => {
      const startTicks = base.presentationTimeOffsetTicks;
      const timeline = { entries: [{ ...list[0]!, startTicks }, ...list.slice(1)] };
      const ticks = list.reduce((sum, one) => sum + one.durationTicks * (one.repeat + 1), 0);
      compare(mpdWith({ ...base, timeline }, Math.ceil((ticks / base.timescale) * 1e6)));
    }),
    { numRuns: 80 },
  );
});

test("mpd-parser lists the segments of one duration as this package does", () => {
  fc.assert(
    fc.property(
      template,
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 1, max: 50 }),
      (base, seconds, count) => {
        const durationTicks = seconds * base.timescale;
        // mpd-parser takes no times from a presentationTimeOffset in these.
        const { presentationTimeOffsetTicks: _offset, ...rest } = base;
        compare(mpdWith({ ...rest, durationTicks }, seconds * count * 1_000_000 - 500_000));
      },
    ),
    { numRuns: 80 },
  );
});

function mpdWith(segmentTemplate: Mpd["periods"][0]["segmentTemplate"] & object, durationUs: number): Mpd {
  return {
    profiles: ["urn:mpeg:dash:profile:isoff-live:2011"],
    type: "static",
    minBufferTimeUs: 2_000_000,
    mediaPresentationDurationUs: durationUs,
    periods: [
      {
        adaptationSets: [
          {
            contentType: "video",
            mimeType: "video/mp4",
            codecs: ["avc1.64001f"],
            segmentTemplate: { ...segmentTemplate, initializationTemplate: "$RepresentationID$.mp4" },
            representations: [
              { id: "low", bandwidth: 1000, width: 640, height: 360 },
              { id: "high", bandwidth: 2000, width: 1280, height: 720 },
            ],
          },
        ],
      },
    ],
  };
}

const SHARED = join(import.meta.dirname, "../../../../../shared/media/dash-mpd/videojs");

test("mpd-parser reads real MPDs that were read and written as it reads the originals", (t) => {
  if (!existsSync(SHARED)) {
    t.skip(`shared media missing: ${SHARED}`);
    return;
  }
  const names = readdirSync(SHARED).filter((one) => one.endsWith(".mpd"));
  let compared = 0;
  for (const name of names) {
    const text = readFileSync(join(SHARED, name), "utf8");
    const options = { manifestUri: URI, NOW: Date.UTC(2026, 10, 21), eventHandler: () => {} };
    const before = readByOracle(text, options);
    // It keeps declarations of namespaces as attributes of the elements they stand with.
    const written = writeMpd(parseMpd(text)).replaceAll(' xmlns:cenc="urn:mpeg:cenc:2013"', "");
    const after = readByOracle(written.replace("<MPD", '<MPD xmlns:cenc="urn:mpeg:cenc:2013"'), options);
    assert.deepEqual(rounded(after.playlists), rounded(before.playlists), name);
    assert.deepEqual(rounded(after.mediaGroups), rounded(before.mediaGroups), name);
    compared += before.playlists.length;
  }
  assert.ok(names.length > 10 && compared > 20, `${names.length} MPDs, ${compared} playlists`);
});

/** Some originals count in nanoseconds, this package in microseconds. */
function rounded(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, one: unknown) => (typeof one === "number" ? Number(one.toFixed(4)) : one)),
  );
}
