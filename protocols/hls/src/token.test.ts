import assert from "node:assert/strict";
import { test } from "node:test";
import { writeMediaPlaylist, writeMultivariantPlaylist } from "@millrace/playlist";
import { withCredentials } from "./token.ts";

test("every URI of a media playlist bears the token: segments, maps, parts, hints and reports", () => {
  const text = writeMediaPlaylist({
    targetDurationS: 2,
    partTargetUs: 300_000,
    serverControl: { partHoldBackUs: 900_000 },
    segments: [
      {
        uri: "v1/0.m4s",
        durationUs: 2e6,
        map: { uri: "v1/init.mp4" },
        parts: [{ uri: "v1/part-0.m4s", durationUs: 3e5 }],
        dateRanges: [
          { id: "x", startDateMs: 0, extra: [{ name: "X-ASSET-URI", value: "https://ads/", quoted: true }] },
        ],
      },
    ],
    preloadHints: [{ type: "PART", uri: "v1/part-9.m4s" }],
    renditionReports: [{ uri: "a1.ll.m3u8", lastMsn: 1 }],
  });
  const lines = withCredentials(text, { token: 'a&b"c', other: "x" }).split("\n");
  const bearing = lines.filter((line) => line.includes("token=a%26b%22c"));
  assert.deepEqual(
    bearing.map((line) => line.replace(/:.*URI="/, " ").replace(/\?.*/, "")),
    [
      "#EXT-X-MAP v1/init.mp4",
      "#EXT-X-PART v1/part-0.m4s",
      "v1/0.m4s",
      "#EXT-X-PRELOAD-HINT v1/part-9.m4s",
      "#EXT-X-RENDITION-REPORT a1.ll.m3u8",
    ],
  );
  assert.ok(!lines.some((line) => line.includes("other=")));
});

test("…and of a multivariant playlist", () => {
  const text = writeMultivariantPlaylist({
    renditions: [{ type: "AUDIO", groupId: "audio", name: "a1", uri: "cmaf/a1.m3u8" }],
    variants: [{ uri: "cmaf/v1.m3u8?x=1", bandwidth: 1 }],
    iFrameVariants: [{ uri: "cmaf/v1.iframes.m3u8", bandwidth: 1 }],
  });
  const out = withCredentials(text, { user: "me", password: "s=1" });
  assert.match(out, /URI="cmaf\/a1\.m3u8\?user=me&password=s%3D1"/);
  assert.match(out, /^cmaf\/v1\.m3u8\?x=1&user=me&password=s%3D1$/m);
  assert.match(out, /URI="cmaf\/v1\.iframes\.m3u8\?user=me&password=s%3D1"/);
  assert.equal(withCredentials(text, {}), text);
});
