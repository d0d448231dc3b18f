import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type MediaPlaylist, parseMediaPlaylist, parseMultivariantPlaylist } from "@millrace/playlist";
import { TestServer, until } from "./kit/server.ts";

const WAIT_MS = 20_000;

async function bytesOf(url: string): Promise<Buffer> {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  return Buffer.from(await response.arrayBuffer());
}

describe("CMAF of a live stream, in two workers", () => {
  let server: TestServer;
  let stop: () => Promise<unknown> = () => Promise.resolve();

  before(async () => {
    const owner = { after: (end: () => Promise<unknown>) => void (stop = end) };
    server = await TestServer.start(owner, "stream live { input fake://clock; }");
    await fetch(server.url("/live/index.ll.m3u8"));
  });

  const folder = (path: string): string => server.url(`/live/cmaf/${path}`);

  async function playlist(name: string): Promise<MediaPlaylist> {
    const response = await fetch(folder(name));
    assert.equal(response.status, 200);
    return parseMediaPlaylist(await response.text());
  }

  test("the multivariant playlist names picture and sound", async () => {
    const response = await fetch(server.url("/live/index.ll.m3u8"));
    assert.equal(response.headers.get("content-type"), "application/vnd.apple.mpegurl");
    const { variants, renditions = [] } = parseMultivariantPlaylist(await response.text());
    assert.equal(variants.length, 1);
    assert.equal(variants[0]?.uri, "cmaf/v1.ll.m3u8");
    assert.match(String(variants[0]?.codecs), /^avc1\.[0-9a-f]{6},mp4a\.40\.2$/i);
    assert.deepEqual(
      renditions.map(({ type, uri }) => [type, uri]),
      [["AUDIO", "cmaf/a1.ll.m3u8"]],
    );
  });

  for (const track of ["v1", "a1"]) {
    test(`a segment of ${track} is its parts, one after the other, and begins when its name says`, async () => {
      const { segments } = await until("a segment with parts", WAIT_MS, async () => {
        const found = await playlist(`${track}.ll.m3u8`);
        return found.segments.some(({ parts = [] }) => parts.length > 2) ? found : undefined;
      });
      const segment = segments.findLast(({ parts = [] }) => parts.length > 2);
      assert.ok(segment !== undefined);
      const whole = await bytesOf(folder(segment.uri));
      const parts = await Promise.all((segment.parts ?? []).map(({ uri }) => bytesOf(folder(uri))));
      assert.ok(whole.equals(Buffer.concat(parts)));
      const start = /(\d+)\.m4s$/.exec(segment.uri)?.[1];
      const tfdt = whole.indexOf("tfdt");
      assert.equal(whole[tfdt + 4], 1, "64 bits");
      assert.equal(whole.readBigUInt64BE(tfdt + 8).toString(), start);
      const init = await bytesOf(folder(segment.map?.uri ?? ""));
      assert.equal(init.toString("latin1", 4, 8), "ftyp");
      assert.ok(init.includes("moov"));
    });
  }

  test("a segment that grows is sent as it grows, and is in the end what everybody else gets", async () => {
    const { msn, name } = await until("a segment that has just begun", WAIT_MS, async () => {
      const { parts = [], mediaSequence = 0, segments } = await playlist("v1.ll.m3u8");
      const start = /part-(\d+)/.exec(parts[0]?.uri ?? "")?.[1];
      if (parts.length === 0 || parts.length > 3 || start === undefined) return undefined;
      return { msn: mediaSequence + segments.length, name: `v1/${start}.m4s` };
    });
    const response = await fetch(folder(name));
    assert.equal(response.headers.get("content-length"), null);
    const grown = Buffer.from(await response.arrayBuffer());
    assert.ok(grown.equals(await bytesOf(folder(name))));
    assert.ok(grown.equals(await bytesOf(folder(`v1/n${msn}.m4s`))), "by its number");
  });

  test("what is hinted at can be asked for before it is there", async () => {
    const { preloadHints = [] } = await playlist("v1.ll.m3u8");
    const [hint] = preloadHints;
    assert.equal(hint?.type, "PART");
    const early = await bytesOf(folder(hint?.uri ?? ""));
    assert.ok(early.equals(await bytesOf(folder(hint?.uri ?? ""))));
    const now = await playlist("v1.ll.m3u8");
    const listed = [...now.segments.flatMap(({ parts = [] }) => parts), ...(now.parts ?? [])];
    assert.ok(listed.some(({ uri }) => uri === hint?.uri));
  });

  test("a blocked playlist request is answered with the part that it asked for", async () => {
    const { mediaSequence = 0, segments } = await playlist("v1.ll.m3u8");
    const msn = mediaSequence + segments.length + 1;
    const next = await playlist(`v1.ll.m3u8?_HLS_msn=${msn}&_HLS_part=1`);
    const last = (next.mediaSequence ?? 0) + next.segments.length;
    assert.ok(last > msn || (last === msn && (next.parts?.length ?? 0) >= 2));
    for (const query of ["_HLS_part=1", `_HLS_msn=${msn + 9}`, "_HLS_msn=x"]) {
      assert.equal((await fetch(folder(`v1.ll.m3u8?${query}`))).status, 400, query);
    }
  });

  test("what never was or is too old is not found", async () => {
    for (const path of ["v1/1.m4s", "v1/part-1.m4s", "v1/n1.m4s", "v1/init-00000000.mp4", "v9.m3u8"]) {
      assert.equal((await fetch(folder(path))).status, 404, path);
    }
  });

  after(() => stop());
});

test("CMAF is made while somebody asks, and segments that left the playlist go after a while", async (t) => {
  const server = await TestServer.start(t, "stream live { input fake://clock; segment_duration 1; }");
  assert.equal((await fetch(server.url("/live/index.fmp4.m3u8"))).status, 200);
  const read = async (): Promise<MediaPlaylist> =>
    parseMediaPlaylist(await (await fetch(server.url("/live/cmaf/v1.m3u8"))).text());
  const oldest = await until("a segment", WAIT_MS, async () => (await read()).segments[0]?.uri);
  await until("it to leave the playlist", WAIT_MS, async () =>
    (await read()).segments.every(({ uri }) => uri !== oldest) ? true : undefined,
  );
  assert.equal(
    (await fetch(server.url(`/live/cmaf/${oldest}`))).status,
    200,
    "for those who just read of it",
  );
  await until("it to go", 2 * WAIT_MS, async () =>
    (await fetch(server.url(`/live/cmaf/${oldest}`))).status === 404 ? true : undefined,
  );
});
