import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlaylistProblem } from "../errors.ts";
import { type MultivariantPlaylist, multivariantVersionFor } from "./multivariant-playlist.ts";
import { parsePlaylist } from "./parse.ts";
import { parseMultivariantPlaylist } from "./parse-multivariant.ts";
import { writeMultivariantPlaylist } from "./write-multivariant.ts";

const FULL: MultivariantPlaylist = {
  version: 7,
  independentSegments: true,
  start: { timeOffsetUs: 1_500_000 },
  defines: [{ name: "a", value: "b" }, { queryParam: "token" }],
  contentSteering: { serverUri: "/steering?video=1", pathwayId: "CDN-A" },
  tags: ["#EXT-X-OTHER:1"],
  sessionData: [{ dataId: "com.example.title", value: "Title", language: "en" }],
  sessionKeys: [{ method: "SAMPLE-AES", uri: "skd://k", keyFormat: "com.apple.streamingkeydelivery" }],
  renditions: [
    {
      type: "AUDIO",
      groupId: "aac",
      name: "English",
      language: "en",
      default: true,
      autoselect: true,
      channels: "2",
      uri: "eng.m3u8",
    },
    { type: "CLOSED-CAPTIONS", groupId: "cc", name: "Captions", instreamId: "CC1", default: false },
    { type: "SUBTITLES", groupId: "subs", name: "Deutsch", forced: true, uri: "de.m3u8" },
  ],
  variants: [
    {
      uri: "video1.m3u8?token=x",
      bandwidth: 5_000_000,
      averageBandwidth: 4_200_000,
      scoreMillionths: 1_500_000,
      codecs: ["avc1.640028", "mp4a.40.2"],
      resolution: { width: 1920, height: 1080 },
      frameRateMilliHz: 29_970,
      videoRange: "SDR",
      hdcpLevel: "NONE",
      audio: "aac",
      subtitles: "subs",
      closedCaptions: "cc",
      extra: [{ name: "PROGRAM-ID", value: "1", quoted: false }],
    },
    { uri: "video2.m3u8", bandwidth: 1_000_000, closedCaptions: "NONE" },
  ],
  iFrameVariants: [{ uri: "iframes.m3u8", bandwidth: 200_000, codecs: ["avc1.640028"] }],
};

test("a full playlist reads as it was written", () => {
  const problems: PlaylistProblem[] = [];
  assert.deepEqual(parseMultivariantPlaylist(writeMultivariantPlaylist(FULL), problems), FULL);
  assert.deepEqual(problems, []);
});

test("a variant is one line of attributes and one of its URI", () => {
  const [, , line, uri, end] = writeMultivariantPlaylist({ variants: FULL.variants }).split("\n");
  assert.equal(
    line,
    '#EXT-X-STREAM-INF:BANDWIDTH=5000000,AVERAGE-BANDWIDTH=4200000,SCORE=1.5,CODECS="avc1.640028,mp4a.40.2",' +
      "RESOLUTION=1920x1080,VIDEO-RANGE=SDR,HDCP-LEVEL=NONE,FRAME-RATE=29.970," +
      'AUDIO="aac",SUBTITLES="subs",CLOSED-CAPTIONS="cc",PROGRAM-ID=1',
  );
  assert.equal(uri, "video1.m3u8?token=x");
  assert.equal(end, "#EXT-X-STREAM-INF:BANDWIDTH=1000000,CLOSED-CAPTIONS=NONE");
});

test("what is broken costs only itself", () => {
  const problems: PlaylistProblem[] = [];
  const text = `#EXTM3U
#EXT-X-VERSION:many
#EXT-X-MEDIA:TYPE=AUDIO,NAME="x"
#EXT-X-MEDIA:TYPE=SMELL,GROUP-ID="g",NAME="x"
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1
#EXT-X-SESSION-DATA:VALUE="x"
#EXT-X-STREAM-INF:RESOLUTION=big
#EXT-X-STREAM-INF:BANDWIDTH=5
a.m3u8
b.m3u8
#EXT-X-DEFINE:NAME="v",VALUE="1"
#EXT-X-DEFINE:NAME="v",VALUE="2"
#EXT-X-DEFINE:IMPORT="w"
#EXT-X-DEFINE:NAME="no value"
#EXT-X-CONTENT-STEERING:PATHWAY-ID="."
#EXT-X-STREAM-INF:BANDWIDTH=6
`;
  const playlist = parseMultivariantPlaylist(text, problems);
  assert.deepEqual(playlist, {
    defines: [{ name: "v", value: "1" }],
    variants: [{ uri: "a.m3u8", bandwidth: 5 }],
  });
  assert.deepEqual(
    problems.map((one) => one.line),
    [2, 3, 4, 5, 6, 7, 7, 8, 10, 12, 13, 14, 15, 0],
  );
});

test("the version is the least that the content asks for", () => {
  assert.equal(multivariantVersionFor({ variants: [] }), 3);
  assert.equal(multivariantVersionFor({ variants: [], renditions: FULL.renditions ?? [] }), 4);
  const service = { type: "CLOSED-CAPTIONS", groupId: "c", name: "c", instreamId: "SERVICE1" } as const;
  assert.equal(multivariantVersionFor({ variants: [], renditions: [service] }), 7);
  const variant = { uri: "a", bandwidth: 1 };
  const cases: readonly [Partial<MultivariantPlaylist>, number][] = [
    [{ defines: [{ name: "a", value: "b" }] }, 8],
    [{ defines: [{ queryParam: "a" }] }, 11],
    [{ variants: [{ ...variant, reqVideoLayout: "CH-STEREO" }] }, 12],
    [{ variants: [{ ...variant, extra: [{ name: "REQ-X", value: "1", quoted: true }] }] }, 12],
    [{ iFrameVariants: [{ ...variant, reqVideoLayout: "CH-STEREO" }] }, 12],
    [{ renditions: [{ type: "AUDIO", groupId: "a", name: "a", instreamId: "1" }] }, 13],
    [{ renditions: [{ type: "CLOSED-CAPTIONS", groupId: "a", name: "a", instreamId: "CC1" }] }, 4],
  ];
  for (const [extra, version] of cases)
    assert.equal(multivariantVersionFor({ variants: [], ...extra }), version, JSON.stringify(extra));
});

test("the kind is told from the text", () => {
  assert.equal(parsePlaylist(writeMultivariantPlaylist(FULL)).kind, "multivariant");
  assert.equal(parsePlaylist("#EXTM3U\n#EXT-X-TARGETDURATION:5\n").kind, "media");
  assert.throws(() => parsePlaylist("GIF89a"), { code: "playlist.not-hls" });
  assert.throws(() => parseMultivariantPlaylist("#EXTM3U\n"), { code: "playlist.not-hls" });
});

test("what cannot be written is refused", () => {
  for (const variant of [
    { uri: "a", bandwidth: -1 },
    { uri: "a", bandwidth: 1, codecs: ['a"'] },
    { uri: "a", bandwidth: 1, resolution: { width: 1.5, height: 2 } },
    { uri: "a b\n", bandwidth: 1 },
    { uri: "a", bandwidth: 1, videoRange: "S D R" },
  ])
    assert.throws(() => writeMultivariantPlaylist({ variants: [variant] }), { code: "playlist.bad-value" });
  assert.throws(() => writeMultivariantPlaylist({ variants: [], defines: [{ import: "a" }] }), {
    code: "playlist.bad-value",
  });
});
