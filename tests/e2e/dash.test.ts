import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { boxTree } from "@millrace/isobmff";
import {
  type Mpd,
  parseMpd,
  parseSmoothManifest,
  type SegmentSet,
  segmentsOf,
  smoothFragmentUrl,
} from "@millrace/playlist";
import { TestServer, until } from "./kit/server.ts";

const WAIT_MS = 20_000;

async function bytesOf(url: string): Promise<Buffer> {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  return Buffer.from(await response.arrayBuffer());
}

describe("DASH, Smooth Streaming and HDS of a live stream, in two workers", () => {
  let server: TestServer;
  let stop: () => Promise<unknown> = () => Promise.resolve();

  before(async () => {
    const owner = { after: (end: () => Promise<unknown>) => void (stop = end) };
    server = await TestServer.start(owner, "stream some/live { input fake://clock; }");
    await fetch(server.url("/some/live/index.mpd"));
  });

  const url = (path: string): string => server.url(`/some/live${path}`);

  async function mpdOf(path: string): Promise<Mpd> {
    const response = await fetch(url(path));
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "application/dash+xml");
    return parseMpd(await response.text());
  }

  function tracksOf(mpd: Mpd, mpdUri: string, nowMs: number): SegmentSet[] {
    return (mpd.periods.at(-1)?.adaptationSets ?? []).map((adaptationSet) => {
      const representation = adaptationSet.representations[0];
      assert.ok(representation !== undefined);
      const period = mpd.periods.length - 1;
      return segmentsOf({ mpd, period, adaptationSet, representation, mpdUri, nowMs });
    });
  }

  test("every segment of the timeline begins when its name says, the initialization is there, a token is carried", async () => {
    const mpdUri = url("/manifest.mpd?token=a%20b");
    const mpd = await mpdOf("/manifest.mpd?token=a%20b");
    const tracks = tracksOf(mpd, mpdUri, Date.now());
    assert.equal(tracks.length, 2);
    for (const { initialization, segments } of tracks) {
      assert.ok((await bytesOf(initialization?.uri ?? "")).includes("moov"));
      assert.ok(segments.length > 0);
      for (const { uri, startTicks } of segments) {
        assert.match(uri, /\?token=a%20b$/);
        const bytes = await bytesOf(uri);
        assert.equal(bytes.readBigUInt64BE(bytes.indexOf("tfdt") + 8).toString(), String(startTicks));
      }
    }
  });

  test("segments by number are those by start", async () => {
    const path = "/index.mpd?template=number";
    const mpd = await until("a few segments", WAIT_MS, async () => {
      const now = await mpdOf(path);
      return (now.timeShiftBufferDepthUs ?? 0) > 7_000_000 ? now : undefined;
    });
    const [counted] = tracksOf(mpd, url(path), mpd.publishTimeMs ?? 0);
    const segment = counted?.segments.at(-2);
    assert.ok(segment !== undefined);
    const bytes = await bytesOf(segment.uri);
    assert.equal(Number(bytes.readBigUInt64BE(bytes.indexOf("tfdt") + 8)), segment.startTicks);
  });

  test("at low latency the segment that grows can be had, and the next one is waited for", async () => {
    const mpd = await mpdOf("/index.ll.mpd");
    assert.equal(mpd.serviceDescriptions?.length, 1);
    const set = mpd.periods.at(-1)?.adaptationSets[0];
    const template = set?.representations[0]?.segmentTemplate;
    assert.equal(template?.availabilityTimeComplete, false);
    const { periods } = mpd;
    const startMs = (periods.at(-1)?.startUs ?? 0) / 1000;
    const ms = (template?.durationTicks ?? 0) / 90;
    const growing = (template?.startNumber ?? 0) + Math.floor((Date.now() - startMs) / ms);
    for (const number of [growing, growing + 1]) {
      const bytes = await bytesOf(url(`/cmaf/v1/n${number}.m4s`));
      assert.equal(boxTree(bytes)[0]?.type, "styp");
    }
  });

  test("the server tells its time where the MPD says", async () => {
    const mpd = await mpdOf("/index.mpd");
    const value = mpd.utcTimings?.[0]?.value ?? "";
    const before = Date.now();
    const text = await (await fetch(new URL(value, url("/index.mpd")))).text();
    assert.match(text, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(Date.parse(text) >= before && Date.parse(text) <= Date.now());
  });

  test("Smooth Streaming: every fragment of the manifest is there, and tells of the next one", async () => {
    const { isLive, streams } = parseSmoothManifest(
      await (await fetch(server.url("/some/live.isml/Manifest"))).text(),
    );
    assert.equal(isLive, true);
    assert.deepEqual(
      streams.map(({ name }) => name),
      ["video", "audio"],
    );
    for (const { url: template = "", qualityLevels, chunks } of streams) {
      let next: number | undefined;
      for (const { startTicks = 0 } of chunks) {
        if (next !== undefined) assert.equal(startTicks, next);
        const path = smoothFragmentUrl(template, { bitrate: qualityLevels[0]?.bitrate ?? 0, startTicks });
        const bytes = await bytesOf(server.url(`/some/live.isml/${path}`));
        const tfrf = bytes.indexOf(Buffer.from("d4807ef2ca3946958e5426cb9e46a79f", "hex"));
        assert.equal(bytes[tfrf + 20], 1);
        next = Number(bytes.readBigUInt64BE(tfrf + 21));
      }
    }
    assert.equal(
      (await fetch(server.url("/some/live.isml/QualityLevels(1)/Fragments(video=1)"))).status,
      404,
    );
  });

  test("HDS: the manifest names the bootstrap, and that the fragments", async () => {
    const manifest = await (await fetch(url("/manifest.f4m"))).text();
    assert.match(manifest, /<bootstrapInfo [^>]*url="hds\.abst"/);
    const bootstrap = await bytesOf(url("/hds.abst"));
    assert.equal(bootstrap.toString("latin1", 4, 8), "abst");
    const runs = bootstrap.indexOf("afrt") + 4 + 4 + 4 + 1;
    const first = bootstrap.readUInt32BE(runs + 4);
    const fragment = await bytesOf(url(`/hdsSeg1-Frag${first}`));
    assert.equal(fragment.toString("latin1", 4, 8), "mdat");
    assert.equal(fragment[8], 9, "a tag of video");
    assert.equal(
      fragment.readUIntBE(12, 3) + fragment.readUInt8(15) * 2 ** 24,
      Number(bootstrap.readBigUInt64BE(runs + 8)),
    );
    assert.equal((await fetch(url("/hdsSeg1-Frag1"))).status, 404);
  });

  after(() => stop());
});
