import assert from "node:assert/strict";
import { request } from "node:http";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { AccessUnit, Track } from "@millrace/model";
import { FragmentReader } from "../../packages/isobmff/src/index.ts";
import { readHttp } from "./kit/capture.ts";
import { repoRoot } from "./kit/paths.ts";
import { TestServer, until } from "./kit/server.ts";

const WAIT_MS = 15_000;

function fixture(name: string): string {
  return `stream ${name} { input file://${join(repoRoot, `tests/fixtures/${name}.mpegts`)}; }\n`;
}

const CONFIG = ["h264-aac", "hevc-aac", "ac3", "eac3", "mpeg2-mp2"].map(fixture).join("");

/** The first bytes of an endless answer. */
async function first(url: string, bytes: number): Promise<{ type: string; body: Buffer }> {
  const reading = await readHttp(url);
  assert.equal(reading.response.statusCode, 200, url);
  await until(`${bytes} bytes of ${url}`, WAIT_MS, () => reading.bytes().length >= bytes || undefined);
  reading.close();
  return { type: String(reading.response.headers["content-type"]), body: reading.bytes() };
}

function readMp4(body: Buffer): { tracks: readonly Track[]; units: AccessUnit[] } {
  const out: { tracks: readonly Track[]; units: AccessUnit[] } = { tracks: [], units: [] };
  const reader = new FragmentReader({
    onTracks: (tracks) => {
      out.tracks = tracks;
    },
    onUnit: (unit) => out.units.push({ ...unit, data: [] }),
  });
  reader.push(body);
  return out;
}

/** What each file begins with, where it is no MP4. */
const FILES: readonly { path: string; type: string; starts: string }[] = [
  { path: "/h264-aac.mkv", type: "video/x-matroska", starts: "1a45dfa3" },
  { path: "/hevc-aac.mkv", type: "video/x-matroska", starts: "1a45dfa3" },
  { path: "/ac3.mkv?tracks=a1", type: "audio/x-matroska", starts: "1a45dfa3" },
  { path: "/h264-aac.aac", type: "audio/aac", starts: "fff1" },
  { path: "/mpeg2-mp2.mp3", type: "audio/mpeg", starts: "fffd" },
  { path: "/ac3.ac3", type: "audio/ac3", starts: "0b77" },
  { path: "/eac3.eac3", type: "audio/eac3", starts: "0b77" },
  { path: "/h264-aac/shoutcast", type: "audio/aac", starts: "fff1" },
];

const MP4S: readonly { path: string; type: string; codecs: readonly string[] }[] = [
  { path: "/h264-aac.mp4", type: "video/mp4", codecs: ["h264", "aac"] },
  { path: "/hevc-aac.mp4", type: "video/mp4", codecs: ["h265", "aac"] },
  { path: "/h264-aac.mp4?tracks=a1", type: "audio/mp4", codecs: ["aac"] },
  { path: "/h264-aac.mp4?tracks=v1", type: "video/mp4", codecs: ["h264"] },
];

describe("a stream as a file", () => {
  test("is what its name says, and begins at zero", async (t) => {
    const server = await TestServer.start(t, CONFIG);
    for (const { path, type, codecs } of MP4S) {
      const { type: found, body } = await first(server.url(path), 30_000);
      assert.equal(found, type, path);
      const { tracks, units } = readMp4(body);
      assert.deepEqual(
        tracks.map(({ codec }) => codec),
        codecs,
        path,
      );
      for (const { id } of tracks) {
        const own = units.filter(({ track }) => track === id);
        assert.ok(own.length > 2, `${path}: ${own.length} units of ${id}`);
        assert.ok(own[0]?.key, path);
        assert.ok((own[0]?.dts ?? -1) >= 0 && (own[0]?.dts ?? 0) < 90_000, `${path}: from ${own[0]?.dts}`);
        assert.ok(
          own.every(({ dts }, i) => i === 0 || dts > (own[i - 1]?.dts ?? 0)),
          path,
        );
      }
    }
    for (const { path, type, starts } of FILES) {
      const { type: found, body } = await first(server.url(path), 4000);
      assert.equal(found, type, path);
      assert.equal(body.toString("hex", 0, starts.length / 2), starts, path);
    }
  });

  test("goes on when its timestamps begin anew, lap after lap", async (t) => {
    const server = await TestServer.start(t, CONFIG);
    const reading = await readHttp(server.url("/h264-aac.mp4"));
    const laps = async (): Promise<number | undefined> =>
      ((await server.stream("h264-aac")).inputs[0]?.counters["laps"] ?? 0) >= 3 || undefined ? 3 : undefined;
    await until("three laps", 40_000, laps);
    reading.close();
    assert.equal(reading.ended, false);
    const { units } = readMp4(reading.bytes());
    const [track] = units.map((unit) => unit.track);
    const own = units.filter((unit) => unit.track === track);
    const steps = own.slice(1).map(({ dts }, i) => dts - (own[i]?.dts ?? 0));
    assert.ok(
      Math.min(...steps) > 0 && Math.max(...steps) < 90_000,
      `${Math.min(...steps)} ${Math.max(...steps)}`,
    );
  });

  test("is refused in words where its coding does not fit, and answers HEAD and ranges", async (t) => {
    const server = await TestServer.start(t, CONFIG);
    const unfit = await fetch(server.url("/h264-aac.webm"));
    assert.equal(unfit.status, 406);
    assert.match(await unfit.text(), /^The stream has h264 \d+x\d+, aac; .*VP8, VP9, AV1, Opus\.\n$/);
    const uncoded = await fetch(server.url("/h264-aac.wav"));
    assert.equal(uncoded.status, 406);
    assert.match(
      await uncoded.text(),
      /can hold sound that is not coded \(PCM\), and nothing is decoded here\.\n$/,
    );
    for (const path of ["/mpeg2-mp2.aac", "/h264-aac.ogg", "/ac3/shoutcast"]) {
      assert.equal((await fetch(server.url(path))).status, 406, path);
    }
    assert.equal((await fetch(server.url("/nothing.mp4"))).status, 404);
    const head = await fetch(server.url("/h264-aac.mp4"), { method: "HEAD" });
    assert.equal(head.status, 200);
    assert.equal(head.headers.get("content-type"), "video/mp4");
    assert.equal(await head.text(), "");
    const stop = new AbortController();
    const ranged = await fetch(server.url("/h264-aac.mp4"), {
      headers: { Range: "bytes=0-" },
      signal: stop.signal,
    });
    assert.equal(ranged.status, 200);
    assert.equal(ranged.headers.get("accept-ranges"), "none");
    stop.abort();
  });

  test("has titles for internet radios that ask for them", async (t) => {
    const server = await TestServer.start(t, CONFIG);
    const { headers, body } = await new Promise<{
      headers: Readonly<Record<string, unknown>>;
      body: () => Buffer;
    }>((resolve, reject) => {
      const wish = request(
        server.url("/h264-aac/shoutcast"),
        { headers: { "Icy-MetaData": "1" } },
        (response) => {
          const parts: Buffer[] = [];
          response.on("data", (part: Buffer) => parts.push(part));
          response.on("error", () => {});
          resolve({ headers: response.headers, body: () => Buffer.concat(parts) });
        },
      );
      wish.on("error", reject);
      wish.end();
      t.after(() => wish.destroy());
    });
    assert.equal(headers["icy-name"], "h264-aac");
    const interval = Number(headers["icy-metaint"]);
    assert.ok(interval > 0);
    await until("two titles", 40_000, () => body().length > 2 * interval + 100 || undefined);
    const bytes = body();
    const size = 16 * (bytes[interval] ?? 0);
    const title = bytes.toString("latin1", interval + 1, interval + 1 + size).replaceAll("\0", "");
    assert.equal(title, "StreamTitle='h264-aac';");
    assert.equal(bytes[interval + 1 + size + interval], 0, "nothing new");
  });
});
