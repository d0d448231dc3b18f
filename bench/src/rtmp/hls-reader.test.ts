import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Program, start } from "../program.ts";

const PROGRAM = join(import.meta.dirname, "hls-reader-main.ts");
const SEGMENT = Buffer.alloc(1000, 7);

/** A live stream with a new segment every second; the counts of what was asked for, by path. */
async function serve(t: TestContext, options: { target: number; segmentsFrom: number }) {
  const asked = new Map<string, number>();
  const started = performance.now();
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    asked.set(path, (asked.get(path) ?? 0) + 1);
    const last = options.segmentsFrom + Math.floor((performance.now() - started) / 1000);
    if (path === "/index.m3u8") response.end("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nmedia.m3u8\n");
    else if (path === "/media.m3u8")
      response.end(
        `#EXTM3U\n#EXT-X-TARGETDURATION:${options.target}\n#EXTINF:1,\n${last - 1}.ts\n#EXTINF:1,\n${last}.ts\n`,
      );
    else response.end(SEGMENT);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  return { asked, url: `http://127.0.0.1:${port}/index.m3u8` };
}

function read(url: string, players: number, seconds: number): Program {
  return start(-1, process.execPath, [PROGRAM, url, players, 0, seconds].map(String));
}

async function endOf(reader: Program): Promise<Record<string, number>> {
  return JSON.parse(await reader.line((line) => line.includes('"end"'))) as Record<string, number>;
}

test("players follow a live playlist, each segment once", async (t) => {
  const { asked, url } = await serve(t, { target: 1, segmentsFrom: 10 });
  await using reader = read(url, 2, 3);
  const end = await endOf(reader);
  assert.deepEqual([end["readers"], end["stalls"], end["badLengths"]], [2, 0, 0]);
  assert.ok((end["bytes"] ?? 0) >= 2 * SEGMENT.length && (end["bytes"] ?? 0) % SEGMENT.length === 0);
  assert.equal(asked.get("/index.m3u8"), 2);
  for (const [path, count] of asked) if (path.endsWith(".ts")) assert.ok(count <= 2, `${path}: ${count}`);
});

test("a player whom nothing is sent ends the measurement", async (t) => {
  const server = createServer((_, response) => response.writeHead(404).end());
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  await using reader = start(-1, process.execPath, [
    PROGRAM,
    `http://127.0.0.1:${port}/`,
    "1",
    "0",
    "1",
    "0.5",
  ]);
  await assert.rejects(endOf(reader), /0 of 1 players got media/);
});
