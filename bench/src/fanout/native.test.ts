import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { compile } from "../compile.ts";
import { freePort, hasProgram, start } from "../program.ts";
import { syntheticTs } from "../synthetic-ts.ts";

const ANY_CORE = -1;
let folder = "";
let sink = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-bench-test-"));
  if (hasProgram("cc")) sink = compile("sink", folder);
});
after(() => rmSync(folder, { recursive: true, force: true }));

function skipped(t: TestContext): boolean {
  if (sink === "") t.skip("NO C COMPILER: the bench's readers and its C loop are not tested");
  return sink === "";
}

/** What the readers say of a server after `seconds`. */
async function readFrom(port: number, options: { readers: number; seconds: number; sleepers?: number }) {
  const { readers, seconds, sleepers = 0 } = options;
  const words = ["127.0.0.1", port, "/x", readers, 0.2, seconds, sleepers].map(String);
  await using program = start(ANY_CORE, sink, words);
  return JSON.parse(await program.line((line) => line.includes('"end"'))) as Record<string, number>;
}

async function serve(t: TestContext, listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test("the C loop sends whole packets at the rate it was told, to readers beside some that never read", async (t) => {
  if (skipped(t)) return;
  const media = join(folder, "loop.mpegts");
  // Played round more than once.
  writeFileSync(media, syntheticTs(2_000_000, 0.4));
  const port = await freePort();
  await using loop = start(ANY_CORE, compile("send-loop", folder), [String(port), media, "2000000", "20"]);
  await loop.line((line) => line === "listening");
  const report = await readFrom(port, { readers: 8, seconds: 0.8, sleepers: 2 });
  const expected = (8 * 0.8 * 2_000_000) / 8;
  assert.ok(Math.abs((report["bytes"] ?? 0) - expected) < expected / 5, `${report["bytes"]} of ${expected}`);
  assert.deepEqual([report["badSyncs"], report["closed"], report["stalls"]], [0, 0, 0]);
});

test("bytes that are no packets are counted, in a chunked body too", async (t) => {
  if (skipped(t)) return;
  const good = syntheticTs(500_000, 1);
  const bad = good.slice();
  bad[188 * 7] = 0;
  const cases: readonly (readonly [Uint8Array, number])[] = [
    [good, 0],
    [bad, 2],
  ];
  for (const [bytes, expected] of cases) {
    const port = await serve(t, (_, response) => {
      // Sizes that have nothing to do with packets.
      for (let at = 0; at < bytes.length; at += 1001) response.write(bytes.subarray(at, at + 1001));
    });
    const report = await readFrom(port, { readers: 2, seconds: 0.2 });
    assert.equal(report["badSyncs"], expected);
  }
});

test("a second without data is a stall, and an answer other than 200 ends the measurement", async (t) => {
  if (skipped(t)) return;
  const bytes = syntheticTs(500_000, 0.4);
  const port = await serve(t, (_, response) => {
    response.write(bytes);
  });
  const report = await readFrom(port, { readers: 3, seconds: 1.1 });
  assert.equal(report["stalls"], 3);
  assert.ok((report["longestGapMs"] ?? 0) > 1000);
  const refusing = await serve(t, (_, response) => {
    response.statusCode = 404;
    response.end("no\n");
  });
  await assert.rejects(readFrom(refusing, { readers: 2, seconds: 0.2 }), /0 of 2 readers got data/);
});
