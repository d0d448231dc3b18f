import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { lintObservation } from "./lint.ts";
import type { Fetch } from "./model.ts";
import { lintHls } from "./observe.ts";
import { SyntheticStream } from "./testing/synthetic-segment.ts";

const WINDOW = 4;
const KEPT = 10;

/** A live server on loopback: a segment of one second each second. */
async function serve(t: TestContext, fault: { sequence?: boolean; missing?: boolean; dies?: boolean } = {}) {
  const startMs = performance.now();
  const stream = new SyntheticStream();
  const segments: Uint8Array[] = [];
  const server = createServer((request, response) => {
    const ready = Math.floor((performance.now() - startMs) / 1000) + WINDOW;
    while (segments.length < ready) segments.push(stream.segment(1));
    const path = request.url ?? "";
    const number = Number(/(\d+)\.ts$/.exec(path)?.[1] ?? -1);
    const first = ready - WINDOW;
    if (path === "/master.m3u8" || path === "/live.m3u8") {
      if (fault.dies === true && first > 0) return void response.destroy();
      response.setHeader("content-type", "application/vnd.apple.mpegurl");
      const lines = Array.from({ length: WINDOW }, (_, i) => `#EXTINF:1.000,\n${first + i}.ts\n`).join("");
      const sequence = fault.sequence === true ? 0 : first;
      const variant =
        '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=500000,CODECS="avc1.640028,mp4a.40.2"\nlive.m3u8\n';
      const head = `#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:${sequence}\n`;
      response.end(path === "/live.m3u8" ? head + lines : variant);
    } else if (
      number >= Math.max(0, ready - KEPT) &&
      number < ready &&
      !(fault.missing === true && number === 2)
    ) {
      response.setHeader("content-type", "video/mp2t");
      response.end(segments[number]);
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("a live presentation without a fault is watched from its multivariant playlist down", async (t) => {
  const base = await serve(t);
  const { violations, observation } = await lintHls({ url: `${base}/master.m3u8`, seconds: 2.4 });
  assert.deepEqual(violations, []);
  assert.ok(observation.multivariant !== undefined);
  assert.ok((observation.playlists[0]?.reloads.length ?? 0) >= 8);
  const urls = observation.segments.map((fetch) => fetch.url);
  assert.ok(new Set(urls).size >= WINDOW + 2, "every segment is fetched");
  assert.ok(urls.length > new Set(urls).size, "some are fetched again after they were removed");
});

test("faults of a live server are found", async (t) => {
  const found = async (fault: Parameters<typeof serve>[1]) => {
    const base = await serve(t, fault);
    const { violations } = await lintHls({ url: `${base}/live.m3u8`, seconds: 1.6 });
    return violations.map((one) => one.rule);
  };
  const [sequence, missing, dies] = await Promise.all([
    found({ sequence: true }),
    found({ missing: true }),
    found({ dies: true }),
  ]);
  assert.ok(sequence.includes("reload.count"), sequence.join());
  assert.ok(missing.includes("http.segment"), missing.join());
  assert.ok(dies.includes("http.playlist"), dies.join());
});

test("watching ends when it is told to", async (t) => {
  const base = await serve(t);
  const signal = AbortSignal.timeout(300);
  await assert.rejects(lintHls({ url: `${base}/live.m3u8`, seconds: 60, signal }));
});

const SHARED = join(import.meta.dirname, "../../../../shared/media");

test("real segments around the turn of the 33-bit clock are read as ffmpeg cut them", (t) => {
  const folder = join(SHARED, "ts/wrap/hls-rollover");
  if (!existsSync(folder)) {
    t.skip(`shared media missing: ${folder}`);
    return;
  }
  const names = readdirSync(folder).filter((name) => name.endsWith(".ts"));
  const base = "http://127.0.0.1/";
  const fetched = (name: string, contentType: string): Fetch => {
    const bytes = new Uint8Array(readFileSync(join(folder, name)));
    return { url: base + name, sentMs: 0, doneMs: 0, status: 200, contentType, bytes };
  };
  const served = fetched("playlist.m3u8", "application/vnd.apple.mpegurl");
  const lintWith = (text: string) => {
    const playlist = { ...served, bytes: new TextEncoder().encode(text) };
    return lintObservation({
      playlists: [{ url: playlist.url, reloads: [playlist] }],
      segments: names.map((name) => fetched(name, "video/mp2t")),
    });
  };
  // The list itself leaves out the comma of EXTINF.
  const text = new TextDecoder().decode(served.bytes);
  const rules = new Set(lintWith(text).map((found) => found.rule));
  assert.deepEqual([...rules], ["tags.extinf", "date.sum"]);
  assert.deepEqual(lintWith(text.replaceAll(/(#EXTINF:.*)/g, "$1,")), []);
  assert.ok(names.length >= 5);
});
