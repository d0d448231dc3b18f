import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlaylistProblem } from "../errors.ts";
import {
  type MediaPlaylist,
  type MediaSegment,
  targetDurationFor,
  ticksToUs,
  versionFor,
} from "./media-playlist.ts";
import { parseMediaPlaylist } from "./parse-media.ts";
import { writeMediaPlaylist } from "./write-media.ts";

const LIVE: MediaPlaylist = {
  targetDurationS: 4,
  mediaSequence: 2680,
  discontinuitySequence: 3,
  segments: [
    { uri: "2680.ts", durationUs: 4_000_080, programDateTimeMs: Date.UTC(2026, 10, 21, 9, 46, 0, 120) },
    { uri: "2681.ts", durationUs: 3_840_000 },
    { uri: "2682.ts?a=b", durationUs: 1_280_000, discontinuity: true, title: "after the switch" },
  ],
};

test("a live window is written with everything in its place", () => {
  assert.equal(
    writeMediaPlaylist(LIVE),
    `#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:2680
#EXT-X-DISCONTINUITY-SEQUENCE:3
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T09:46:00.120Z
#EXTINF:4.00008,
2680.ts
#EXTINF:3.840,
2681.ts
#EXT-X-DISCONTINUITY
#EXTINF:1.280,after the switch
2682.ts?a=b
`,
  );
  assert.deepEqual(parseMediaPlaylist(writeMediaPlaylist(LIVE)), { version: 3, ...LIVE });
});

test("keys and maps are written where they change, and read as what holds for each segment", () => {
  const key = { method: "AES-128", uri: "k1", iv: `0x${"0".repeat(31)}1` };
  const drm = { method: "SAMPLE-AES", uri: "k2", keyFormat: "com.apple.streamingkeydelivery" };
  const map = { uri: "init.mp4", byteRange: { length: 800, offset: 0 } };
  const segments: MediaSegment[] = [
    { uri: "0", durationUs: 1e6, map },
    { uri: "1", durationUs: 1e6, map, keys: [key, drm] },
    { uri: "2", durationUs: 1e6, map, keys: [key, drm] },
    { uri: "3", durationUs: 1e6, map: { uri: "init2.mp4", keys: [drm] }, keys: [drm] },
    { uri: "4", durationUs: 1e6, map },
  ];
  const text = writeMediaPlaylist({ targetDurationS: 1, segments });
  assert.deepEqual(parseMediaPlaylist(text).segments, segments);
  assert.equal(text.match(/EXT-X-KEY:METHOD=NONE/g)?.length, 2);
  assert.equal(text.match(/EXT-X-MAP/g)?.length, 3);
  assert.match(text, /#EXT-X-VERSION:6/);
});

test("a byte range without offset goes on where the one before ended, in the same resource only", () => {
  const problems: PlaylistProblem[] = [];
  const { segments } = parseMediaPlaylist(
    "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n#EXT-X-BYTERANGE:100@50\na\n#EXTINF:1,\n#EXT-X-BYTERANGE:30\na\n" +
      "#EXTINF:1,\n#EXT-X-BYTERANGE:30\nb\n",
    problems,
  );
  assert.deepEqual(
    segments.map((one) => one.byteRange),
    [{ length: 100, offset: 50 }, { length: 30, offset: 150 }, undefined],
  );
  assert.equal(problems.length, 1);
});

test("date ranges and unknown tags stay with their segment", () => {
  const playlist: MediaPlaylist = {
    version: 7,
    targetDurationS: 6,
    type: "EVENT",
    independentSegments: true,
    start: { timeOffsetUs: -18_000_000, precise: true },
    tags: ["#EXT-X-ALLOW-CACHE:NO"],
    segments: [
      { uri: "0.ts", durationUs: 6e6, programDateTimeMs: 1_700_000_000_000, bitrateKbit: 4000 },
      {
        uri: "1.ts",
        durationUs: 6e6,
        gap: true,
        tags: ["#EXT-X-CUE-OUT:30"],
        dateRanges: [
          {
            id: "splice-1",
            class: "ad",
            startDateMs: 1_700_000_006_000,
            plannedDurationUs: 59_993_000,
            scte35Out: "0xFC002F",
            extra: [{ name: "X-ASSET", value: "a, b", quoted: true }],
          },
        ],
      },
    ],
    dateRanges: [{ id: "splice-1", endDateMs: 1_700_000_066_000, durationUs: 60e6, endOnNext: true }],
    trailingTags: ["#EXT-X-CUE-IN"],
    endlist: true,
  };
  assert.deepEqual(parseMediaPlaylist(writeMediaPlaylist(playlist)), playlist);
});

test("the version is the least that the content asks for", () => {
  const segment = { uri: "0", durationUs: 1e6 };
  const withSegment = (extra: Partial<MediaSegment>) => ({
    targetDurationS: 1,
    segments: [{ ...segment, ...extra }],
  });
  const key = { method: "AES-128", uri: "k" };
  assert.equal(versionFor({ targetDurationS: 1, segments: [] }), 1);
  assert.equal(versionFor(withSegment({})), 3);
  assert.equal(versionFor(withSegment({ keys: [{ ...key, iv: "0x1" }] })), 3);
  assert.equal(versionFor(withSegment({ byteRange: { length: 1, offset: 0 } })), 4);
  assert.equal(versionFor(withSegment({ keys: [{ ...key, keyFormat: "identity" }] })), 5);
  assert.equal(versionFor({ ...withSegment({ map: { uri: "m" } }), iFramesOnly: true }), 5);
  assert.equal(versionFor(withSegment({ map: { uri: "m" } })), 6);
});

test("the target duration is the longest segment, rounded to the nearest second", () => {
  assert.equal(targetDurationFor([{ durationUs: 4_499_999 }, { durationUs: 100 }]), 4);
  assert.equal(targetDurationFor([{ durationUs: 4_500_000 }]), 5);
  assert.equal(targetDurationFor([]), 1);
  assert.equal(ticksToUs(360_007), 4_000_078);
});

const BROKEN: readonly {
  name: string;
  text: string;
  expect: (playlist: MediaPlaylist) => unknown;
  lines: number[];
}[] = [
  {
    name: "no target duration",
    text: "#EXTM3U\n#EXTINF:7.6,\na\n",
    expect: (playlist) => playlist.targetDurationS === 8,
    lines: [0],
  },
  {
    name: "no EXTINF",
    text: "#EXTM3U\n#EXT-X-TARGETDURATION:5\na\n",
    expect: (playlist) => playlist.segments[0]?.durationUs === 5e6,
    lines: [3],
  },
  {
    name: "bad numbers",
    text: "#EXTM3U\n#EXT-X-VERSION:x\n#EXT-X-TARGETDURATION:5\n#EXT-X-MEDIA-SEQUENCE:-1\n#EXTINF:abc,\na\n",
    expect: (playlist) => playlist.mediaSequence === undefined && playlist.version === undefined,
    lines: [2, 4, 5, 6],
  },
  {
    name: "byte order mark, CR LF, spaces, a comment first",
    text: "\uFEFF# hello\r\n#EXTM3U \r\n#EXT-X-TARGETDURATION: 5\r\n #EXTINF:5\r\n a \r\n",
    expect: (playlist) => playlist.segments[0]?.uri === "a" && playlist.targetDurationS === 5,
    lines: [1],
  },
  {
    name: "a dangling EXTINF and a bad date",
    text: "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXT-X-PROGRAM-DATE-TIME:yesterday\n#EXTINF:5,\n",
    expect: (playlist) => playlist.segments.length === 0,
    lines: [3, 0],
  },
  {
    name: "a key without method, an IV that is none",
    text: '#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXT-X-KEY:URI="k"\n#EXT-X-KEY:METHOD=AES-128,IV=1\n#EXTINF:5,\na\n',
    expect: (playlist) => playlist.segments[0]?.keys === undefined,
    lines: [3, 4],
  },
];

test("what breaks the standard is repaired and told", () => {
  for (const { name, text, expect, lines } of BROKEN) {
    const problems: PlaylistProblem[] = [];
    const playlist = parseMediaPlaylist(text, problems);
    assert.ok(expect(playlist), name);
    assert.deepEqual(
      problems.map((one) => one.line),
      lines,
      name,
    );
  }
});

test("what is no media playlist is refused", () => {
  for (const text of ["", "<html></html>", "#EXTINF:5,\na\n", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na\n"])
    assert.throws(() => parseMediaPlaylist(text), { code: "playlist.not-hls" });
});

test("what cannot be written is refused", () => {
  const bad: MediaSegment[] = [
    { uri: "", durationUs: 1 },
    { uri: "#a", durationUs: 1 },
    { uri: "a\nb", durationUs: 1 },
    { uri: "a", durationUs: -1 },
    { uri: "a", durationUs: 0.5 },
    { uri: "a", durationUs: 1, title: "x\ny" },
    { uri: "a", durationUs: 1, tags: ["nothing"] },
    { uri: "a", durationUs: 1, tags: ["#EXT-X-A\n#EXTINF:1"] },
    { uri: "a", durationUs: 1, keys: [{ method: "AES-128", uri: 'a"b' }] },
    { uri: "a", durationUs: 1, keys: [{ method: "A B" }] },
    { uri: "a", durationUs: 1, byteRange: { length: -1, offset: 0 } },
    { uri: "a", durationUs: 1, programDateTimeMs: Number.NaN },
  ];
  for (const segment of bad)
    assert.throws(
      () => writeMediaPlaylist({ targetDurationS: 1, segments: [segment] }),
      { code: "playlist.bad-value" },
      JSON.stringify(segment),
    );
  const mapThenNone = [
    { uri: "a", durationUs: 1, map: { uri: "m" } },
    { uri: "b", durationUs: 1 },
  ];
  assert.throws(() => writeMediaPlaylist({ targetDurationS: 1, segments: mapThenNone }), {
    code: "playlist.bad-value",
  });
});
