import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlaylistProblem } from "../errors.ts";
import { type MediaPlaylist, versionFor } from "./media-playlist.ts";
import { parseMediaPlaylist } from "./parse-media.ts";
import { writeMediaPlaylist } from "./write-media.ts";

const LIVE: MediaPlaylist = {
  version: 9,
  targetDurationS: 4,
  defines: [{ name: "cdn", value: "a" }],
  serverControl: { canBlockReload: true, canSkipUntilUs: 24_000_000, partHoldBackUs: 3_012_000 },
  partTargetUs: 1_004_000,
  mediaSequence: 266,
  segments: [
    { uri: "266.mp4", durationUs: 4_000_000, map: { uri: "init.mp4" } },
    {
      uri: "267.mp4",
      durationUs: 2_000_000,
      map: { uri: "init.mp4" },
      parts: [
        { uri: "267.mp4", durationUs: 1_000_000, independent: true, byteRange: { length: 200, offset: 0 } },
        { uri: "267.mp4", durationUs: 1_000_000, gap: true, byteRange: { length: 100, offset: 200 } },
      ],
    },
  ],
  pending: { discontinuity: true, map: { uri: "ad.mp4" }, programDateTimeMs: Date.UTC(2026, 10, 21) },
  parts: [{ uri: "268.0.mp4", durationUs: 1_004_000, independent: true }],
  preloadHints: [{ type: "PART", uri: "268.1.mp4", byteRangeStart: 0 }],
  renditionReports: [{ uri: "../low/index.m3u8", lastMsn: 268, lastPart: 0 }],
};

test("a low-latency playlist is written with everything in its place", () => {
  assert.equal(
    writeMediaPlaylist(LIVE),
    `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-DEFINE:NAME="cdn",VALUE="a"
#EXT-X-TARGETDURATION:4
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=24.000,PART-HOLD-BACK=3.012
#EXT-X-PART-INF:PART-TARGET=1.004
#EXT-X-MEDIA-SEQUENCE:266
#EXT-X-MAP:URI="init.mp4"
#EXTINF:4.000,
266.mp4
#EXT-X-PART:DURATION=1.000,URI="267.mp4",BYTERANGE="200@0",INDEPENDENT=YES
#EXT-X-PART:DURATION=1.000,URI="267.mp4",BYTERANGE="100@200",GAP=YES
#EXTINF:2.000,
267.mp4
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="ad.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T00:00:00.000Z
#EXT-X-PART:DURATION=1.004,URI="268.0.mp4",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="268.1.mp4",BYTERANGE-START=0
#EXT-X-RENDITION-REPORT:URI="../low/index.m3u8",LAST-MSN=268,LAST-PART=0
`,
  );
  assert.deepEqual(parseMediaPlaylist(writeMediaPlaylist(LIVE)), LIVE);
});

test("a delta update tells a key that ends from one that was said before", () => {
  const key = { method: "AES-128", uri: "k" };
  const segment = { durationUs: 1e6 };
  const delta: MediaPlaylist = {
    version: 10,
    targetDurationS: 1,
    mediaSequence: 7,
    skipped: { segments: 3, removedDateRanges: ["a", "b c"] },
    segments: [
      { ...segment, uri: "0" },
      { ...segment, uri: "1", keys: [] },
      { ...segment, uri: "2", keys: [key] },
      { ...segment, uri: "3", keys: [] },
    ],
  };
  const text = writeMediaPlaylist(delta);
  assert.match(text, /\n#EXT-X-SKIP:SKIPPED-SEGMENTS=3,RECENTLY-REMOVED-DATERANGES="a\tb c"\n/);
  assert.deepEqual(parseMediaPlaylist(text), delta);
});

test("the version is the least that the content asks for", () => {
  const empty: MediaPlaylist = { targetDurationS: 1, segments: [] };
  const cases: readonly [Partial<MediaPlaylist>, number][] = [
    [{ parts: [{ uri: "a", durationUs: 1 }], partTargetUs: 1 }, 1],
    [{ defines: [{ name: "a", value: "" }] }, 8],
    [{ defines: [{ import: "a" }] }, 8],
    [{ defines: [{ queryParam: "a" }, { import: "b" }] }, 11],
    [{ skipped: { segments: 1 } }, 9],
    [{ skipped: { segments: 1, removedDateRanges: [] } }, 10],
    [{ pending: { map: { uri: "a" } } }, 6],
    [{ pending: { keys: [{ method: "SAMPLE-AES", uri: "a" }] } }, 5],
  ];
  for (const [extra, version] of cases)
    assert.equal(versionFor({ ...empty, ...extra }), version, JSON.stringify(extra));
});

const HEAD = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n";
const BROKEN: readonly { text: string; expect: Partial<MediaPlaylist>; problems: number }[] = [
  { text: "#EXT-X-PART-INF:TARGET=1\n", expect: {}, problems: 1 },
  { text: '#EXT-X-PART:URI="a"\n', expect: {}, problems: 1 },
  { text: '#EXT-X-PART:URI="a",DURATION=-1\n', expect: {}, problems: 1 },
  { text: "#EXT-X-SKIP:SEGMENTS=1\n", expect: {}, problems: 1 },
  {
    text: '#EXT-X-SKIP:SKIPPED-SEGMENTS=2,RECENTLY-REMOVED-DATERANGES=""\n',
    expect: { skipped: { segments: 2, removedDateRanges: [] } },
    problems: 0,
  },
  {
    text: "#EXTINF:4,\na\n#EXT-X-SKIP:SKIPPED-SEGMENTS=2\n",
    expect: { segments: [{ uri: "a", durationUs: 4e6 }] },
    problems: 1,
  },
  { text: '#EXT-X-PRELOAD-HINT:TYPE=SOUP,URI="a"\n', expect: {}, problems: 1 },
  { text: "#EXT-X-PRELOAD-HINT:TYPE=PART\n", expect: {}, problems: 1 },
  { text: "#EXT-X-RENDITION-REPORT:LAST-MSN=1\n", expect: {}, problems: 1 },
  { text: '#EXT-X-DEFINE:NAME="a"\n#EXT-X-DEFINE:NAME="a b",VALUE="c"\n', expect: {}, problems: 2 },
  {
    // The first part of a segment begins the resource; one of another resource has nothing to go on from.
    text: '#EXT-X-PART:URI="a",DURATION=1,BYTERANGE="5"\n#EXT-X-PART:URI="b",DURATION=1,BYTERANGE="6"\n',
    expect: {
      parts: [
        { uri: "a", durationUs: 1e6, byteRange: { length: 5, offset: 0 } },
        { uri: "b", durationUs: 1e6 },
      ],
    },
    problems: 1,
  },
];

test("what breaks the standard is passed over and told", () => {
  for (const { text, expect, problems } of BROKEN) {
    const found: PlaylistProblem[] = [];
    const playlist = parseMediaPlaylist(HEAD + text, found);
    assert.deepEqual(playlist, { targetDurationS: 4, segments: [], ...expect }, text);
    assert.equal(found.length, problems, text);
  }
});

test("what cannot be written is refused", () => {
  const bad: Partial<MediaPlaylist>[] = [
    { parts: [{ uri: "a", durationUs: -1 }] },
    { parts: [{ uri: 'a"', durationUs: 1 }] },
    { skipped: { segments: 1, removedDateRanges: ["a\tb"] } },
    { skipped: { segments: -1 } },
    { defines: [{ name: "a b", value: "" }] },
    { partTargetUs: 0.5 },
  ];
  for (const extra of bad)
    assert.throws(
      () => writeMediaPlaylist({ targetDurationS: 1, segments: [], ...extra }),
      { code: "playlist.bad-value" },
      JSON.stringify(extra),
    );
});
