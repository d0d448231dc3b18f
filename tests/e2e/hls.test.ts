import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  type MediaPlaylist,
  type MultivariantPlaylist,
  parseMediaPlaylist,
  parseMultivariantPlaylist,
} from "@millrace/playlist";
import { fixture } from "./kit/paths.ts";
import { TestServer, until } from "./kit/server.ts";

const WAIT_MS = 20_000;
const PACKET = 188;

async function textOf(url: string): Promise<string> {
  const response = await fetch(url);
  assert.equal(response.status, 200, `${url}: ${await response.clone().text()}`);
  assert.equal(response.headers.get("content-type"), "application/vnd.apple.mpegurl");
  return response.text();
}

async function bytesOf(url: string): Promise<Buffer> {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  return Buffer.from(await response.arrayBuffer());
}

async function mediaOf(url: string): Promise<MediaPlaylist> {
  return parseMediaPlaylist(await textOf(url));
}

async function variantsOf(url: string): Promise<MultivariantPlaylist> {
  return parseMultivariantPlaylist(await textOf(url));
}

/** PIDs of a transport stream's packets. */
function pidsOf(bytes: Buffer): Set<number> {
  const pids = new Set<number>();
  for (let at = 0; at < bytes.length; at += PACKET) pids.add(bytes.readUInt16BE(at + 1) & 0x1fff);
  return pids;
}

describe("HLS of a live stream with a picture and a sound, in two workers", () => {
  let server: TestServer;
  let stop: () => Promise<unknown> = () => Promise.resolve();
  const url = (path: string): string => server.url(`/live/${path}`);

  before(async () => {
    const owner = { after: (end: () => Promise<unknown>) => void (stop = end) };
    const text = `
      stream live { input fake://clock; add_audio_only; hls_start_offset 5; segments 8; }
      stream new { input fake://clock; hls_container fmp4; }
      stream off { input fake://clock; hls_off; }`;
    server = await TestServer.start(owner, text);
  });
  after(() => stop());

  for (const name of ["index.m3u8", "playlist.m3u8"]) {
    test(`${name} leads to transport streams, and says what they are`, async () => {
      const { variants, renditions = [], start } = await variantsOf(url(name));
      const [first, second] = variants;
      assert.deepEqual(
        variants.map(({ uri }) => uri),
        ["mono.m3u8", "tracks-a1/mono.m3u8"],
      );
      assert.match(String(first?.codecs), /^avc1\.[0-9a-f]{6},mp4a\.40\.2$/);
      assert.deepEqual(first?.resolution, { width: 640, height: 360 });
      assert.equal(first?.frameRateMilliHz, 25_000);
      assert.deepEqual(second?.codecs, ["mp4a.40.2"]);
      assert.equal(second?.resolution, undefined);
      assert.ok((second?.bandwidth ?? 0) < (first?.bandwidth ?? 0));
      assert.deepEqual(renditions, []);
      assert.equal(start?.timeOffsetUs, -5_000_000);
    });
  }

  test("BANDWIDTH is that of the segments, and a little more", async () => {
    const { variants } = await variantsOf(url("index.m3u8"));
    const { segments } = await mediaOf(url("mono.m3u8"));
    const [segment] = segments;
    const rate = ((await bytesOf(url(segment?.uri ?? ""))).length * 8e6) / (segment?.durationUs ?? 1);
    const { bandwidth = 0, averageBandwidth = 0 } = variants[0] ?? {};
    assert.ok(
      bandwidth >= rate && averageBandwidth < bandwidth,
      `${rate}: ${averageBandwidth} to ${bandwidth}`,
    );
  });

  test("the query chooses the container, and so does the option", async () => {
    for (const [path, uri] of [
      ["/live/index.m3u8?container=fmp4", "cmaf/v1.m3u8"],
      ["/live/index.m3u8?container=ll", "cmaf/v1.ll.m3u8"],
      ["/live/index.fmp4.m3u8", "cmaf/v1.m3u8"],
      ["/new/index.m3u8", "cmaf/v1.m3u8"],
      ["/new/index.m3u8?container=ts", "mono.m3u8"],
    ] as const) {
      const { variants } = await variantsOf(server.url(path));
      assert.equal(variants[0]?.uri, uri, path);
    }
    assert.equal((await fetch(url("index.m3u8?container=avi"))).status, 400);
  });

  test("video.m3u8 has a playlist for each picture, with all sounds in its segments", async () => {
    const { variants } = await variantsOf(url("video.m3u8"));
    assert.deepEqual(
      variants.filter(({ resolution }) => resolution !== undefined).map(({ uri }) => uri),
      ["video1.m3u8"],
    );
    const [one, all] = await Promise.all([mediaOf(url("video1.m3u8")), mediaOf(url("mono.m3u8"))]);
    assert.equal(one.targetDurationS, all.targetDurationS);
    assert.equal((await fetch(url("video2.m3u8"))).status, 404);
  });

  test("a selection of tracks has segments with these alone", async () => {
    const all = await mediaOf(url("mono.m3u8"));
    const whole = pidsOf(await bytesOf(url(all.segments[0]?.uri ?? "")));
    for (const [selection, isSmaller] of [
      ["tracks-1,2", false],
      ["tracks-v1a1", false],
      ["tracks-a1", true],
      ["tracks-2", true],
    ] as const) {
      const { segments } = await mediaOf(url(`${selection}/index.m3u8`));
      const bytes = await bytesOf(url(`${selection}/${segments[0]?.uri}`));
      assert.equal(bytes.length % PACKET, 0);
      const pids = pidsOf(bytes);
      assert.ok([...pids].every((pid) => whole.has(pid)));
      const count = [...bytes.keys()].filter((at) => at % PACKET === 0).length;
      assert.equal(count < 400, isSmaller, `${selection}: ${count} packets`);
    }
    for (const [path, status] of [
      ["tracks-v2/index.m3u8", 404],
      ["tracks-x/index.m3u8", 400],
      [`tracks-a2/${all.segments[0]?.uri}`, 404],
    ] as const) {
      assert.equal((await fetch(url(path))).status, status, path);
    }
    const { variants } = await variantsOf(url("tracks-v1/index.m3u8?container=fmp4"));
    assert.deepEqual(
      variants.map(({ uri, audio }) => [uri, audio]),
      [["../cmaf/v1.m3u8", undefined]],
    );
  });

  test("key frames have a playlist of their own, whose ranges are whole boxes", async () => {
    const { iFrameVariants = [] } = await variantsOf(url("index.fmp4.m3u8"));
    assert.equal(iFrameVariants[0]?.uri, "cmaf/v1.iframes.m3u8");
    const playlist = await mediaOf(url("cmaf/v1.iframes.m3u8"));
    assert.equal(playlist.iFramesOnly, true);
    const [segment] = playlist.segments;
    assert.equal(segment?.byteRange?.offset, 0);
    const length = segment.byteRange.length;
    const response = await fetch(url(`cmaf/${segment.uri}`), { headers: { Range: `bytes=0-${length - 1}` } });
    assert.equal(response.status, 206);
    const bytes = Buffer.from(await response.arrayBuffer());
    assert.equal(bytes.length, length);
    const mdat = bytes.indexOf("mdat");
    assert.ok(bytes.indexOf("moof") > 0 && mdat > 0 && mdat + 4 < length);
    // NAL units fill what is left of the range.
    let at = mdat + 4;
    while (at < length) at += 4 + bytes.readUInt32BE(at);
    assert.equal(at, length);
  });

  test("a delta update leaves out what is far from the end", async () => {
    const skipped = await until("a playlist longer than the skip boundary", 2 * WAIT_MS, async () => {
      const delta = await mediaOf(url("cmaf/v1.ll.m3u8?_HLS_skip=YES"));
      return delta.skipped === undefined ? undefined : delta;
    });
    assert.ok((skipped.skipped?.segments ?? 0) > 0);
    assert.equal(skipped.version, 9);
  });

  test("who is given a token or a name with a playlist is asked for it everywhere else", async () => {
    const { variants } = await variantsOf(url("index.m3u8?token=a%26b"));
    assert.equal(variants[0]?.uri, "mono.m3u8?token=a%26b");
    const { segments } = await mediaOf(url(`${variants[0]?.uri}`));
    assert.match(segments[0]?.uri ?? "", /\.ts\?token=a%26b$/);
    const ll = await textOf(url("cmaf/v1.ll.m3u8?user=me&password=x"));
    for (const line of ll.split("\n").filter((each) => each.includes("URI=") || /^[^#]/.test(each)))
      assert.ok(line.includes("?user=me&password=x"), line);
  });

  test("a stream without HLS has none in any container", async () => {
    for (const path of ["index.m3u8", "mono.m3u8", "index.ll.m3u8", "cmaf/v1.m3u8", "video1.m3u8"])
      assert.equal((await fetch(server.url(`/off/${path}`))).status, 404, path);
  });

  describe("by the URLs of Perfect Streamer", () => {
    test("URLs of segments are absolute, or relative when asked for", async () => {
      const { segments } = await mediaOf(server.url("/hls/live/"));
      assert.ok(segments[0]?.uri.startsWith(server.url("/live/")), String(segments[0]?.uri));
      assert.equal((await bytesOf(segments[0]?.uri ?? ""))[0], 0x47);
      const relative = await mediaOf(server.url("/hls/live/?a=0"));
      assert.match(relative.segments[0]?.uri ?? "", /^\/live\/\d+-\d+\.ts$/);
    });

    test("login and password become those of the session, a login alone is a token", async () => {
      const named = await mediaOf(server.url("/hls/live/me/secret?a=0"));
      assert.match(named.segments[0]?.uri ?? "", /\.ts\?user=me&password=secret$/);
      const token = await mediaOf(server.url("/hls/live/secret?a=0"));
      assert.match(token.segments[0]?.uri ?? "", /\.ts\?token=secret$/);
    });

    test("length and version are as asked for", async () => {
      const long = await until("eight segments", 2 * WAIT_MS, async () => {
        const found = await mediaOf(server.url("/hls/live"));
        return found.segments.length >= 8 ? found : undefined;
      });
      const short = await mediaOf(server.url("/hls/live?s=6&v=5"));
      assert.ok(short.segments.length < long.segments.length);
      assert.equal(short.version, 5);
      const shift = (short.mediaSequence ?? 0) - (long.mediaSequence ?? 0);
      assert.ok(shift >= long.segments.length - short.segments.length);
      assert.equal((await fetch(server.url("/hls/live?m=60"))).status, 404);
      assert.equal((await fetch(server.url("/hls/live?m=4"))).status, 200);
      assert.equal((await fetch(server.url("/hls/live?s=x"))).status, 400);
    });
  });
});

describe("splices of a source stand in playlists", () => {
  for (const [option, tags, others] of [
    ["rfc8216", /#EXT-X-DATERANGE:.*SCTE35-OUT=0xFC/, /CUE-OUT/],
    ["cue", /#EXT-X-CUE-OUT\n/, /DATERANGE/],
    ["both", /#EXT-X-DATERANGE:[\s\S]*#EXT-X-CUE-OUT\n/, /nothing/],
  ] as const) {
    test(`as ${option}, in transport streams and CMAF`, async (t) => {
      const input = `input file://${fixture("scte35.mpegts")}; segment_duration 1;`;
      const server = await TestServer.start(t, `stream ads { ${input} hls_scte35 ${option}; }`);
      for (const path of ["mono.m3u8", "cmaf/v1.m3u8", "cmaf/v1.ll.m3u8"]) {
        const text = await until(`a splice in ${path}`, WAIT_MS, async () => {
          const found = await textOf(server.url(`/ads/${path}`));
          return tags.test(found) ? found : undefined;
        });
        assert.doesNotMatch(text, others);
      }
    });
  }
});
