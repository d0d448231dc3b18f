import assert from "node:assert/strict";
import { test } from "node:test";
import { elementsOf, textOf } from "../xml/element.ts";
import { parseXml } from "../xml/parse.ts";
import { type HdsBootstrap, writeBootstrap } from "./bootstrap.ts";
import { type HdsManifest, writeF4m } from "./manifest.ts";

const BOOTSTRAP: HdsBootstrap = {
  version: 7,
  live: true,
  timescale: 1000,
  currentMediaTicks: 0x1_0000_0002,
  movieIdentifier: "é",
  segmentRuns: [{ firstSegment: 1, fragmentsPerSegment: 4 }],
  fragmentRuns: [
    { firstFragment: 1, startTicks: 0, durationTicks: 4000 },
    { firstFragment: 5, startTicks: 0, durationTicks: 0, discontinuity: "end" },
  ],
};

/** Field by field, as F4V 10.1 §2.11.2 lists them. */
const EXPECTED = [
  "0000007d 61627374 00000000", // abst, full box
  "00000007 20 000003e8", // version, live, timescale
  "0000000100000002 0000000000000000", // current media time, SMPTE offset
  "c3a900 00 00 00 00", // movie, no servers, no qualities, no DRM data, no metadata
  "01 00000019 61737274 00000000 00 00000001 00000001 00000004", // asrt
  "01 00000036 61667274 00000000 000003e8 00 00000002", // afrt
  "00000001 0000000000000000 00000fa0",
  "00000005 0000000000000000 00000000 00",
]
  .join("")
  .replaceAll(" ", "");

test("a bootstrap box has its fields in their places", () => {
  const bytes = Buffer.from(writeBootstrap(BOOTSTRAP));
  assert.equal(bytes.readUInt32BE(0), bytes.length);
  assert.equal(bytes.toString("hex"), EXPECTED);
});

test("numbers that do not fit are refused", () => {
  const bad: Partial<HdsBootstrap>[] = [
    { version: -1 },
    { timescale: 2 ** 32 },
    { currentMediaTicks: 0.5 },
    { movieIdentifier: "a\0b" },
    { fragmentRuns: [{ firstFragment: 1, startTicks: 0, durationTicks: 1, discontinuity: "end" }] },
  ];
  for (const extra of bad)
    assert.throws(() => writeBootstrap({ ...BOOTSTRAP, ...extra }), { code: "playlist.bad-value" });
});

const MANIFEST: HdsManifest = {
  id: "news",
  live: true,
  dvrWindowUs: 60_500_000,
  bootstraps: [
    { id: "b0", bytes: Uint8Array.of(1, 2, 3) },
    { id: "b1", url: "b1.abst" },
  ],
  media: [
    { url: "low/", bitrateKbit: 800, width: 640, height: 360, bootstrapId: "b0", metadata: Uint8Array.of(2) },
    { url: "high/", bitrateKbit: 3000, bootstrapId: "b1" },
  ],
};

test("an F4M manifest names its bootstraps and media", () => {
  const root = parseXml(writeF4m(MANIFEST));
  assert.equal(root.namespace, "http://ns.adobe.com/f4m/1.0");
  const all = elementsOf(root).map((one) => [one.name, textOf(one), Object.fromEntries(one.attributes)]);
  assert.deepEqual(all, [
    ["id", "news", {}],
    ["streamType", "live", {}],
    ["deliveryType", "streaming", {}],
    ["dvrInfo", "", { windowDuration: "60.5" }],
    ["bootstrapInfo", "AQID", { profile: "named", id: "b0" }],
    ["bootstrapInfo", "", { profile: "named", id: "b1", url: "b1.abst" }],
    ["media", "", { url: "low/", bitrate: "800", width: "640", height: "360", bootstrapInfoId: "b0" }],
    ["media", "", { url: "high/", bitrate: "3000", bootstrapInfoId: "b1" }],
  ]);
  assert.match(writeF4m(MANIFEST), /<metadata>Ag==<\/metadata>/);
});

test("what cannot be written is refused", () => {
  assert.throws(() => writeF4m({ ...MANIFEST, bootstraps: [] }), { code: "playlist.bad-value" });
  const media = [{ url: "a", bootstrapId: "b0", bitrateKbit: 0.5 }];
  assert.throws(() => writeF4m({ ...MANIFEST, media }), { code: "playlist.bad-value" });
});
