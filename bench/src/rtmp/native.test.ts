import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { compile, type NativeProgram } from "../compile.ts";
import { hasProgram, type Program, start } from "../program.ts";
import { FakeRelay } from "./relay.test-support.ts";

const ANY_CORE = -1;
const RATE = 1_000_000;
let folder = "";
const programs = new Map<NativeProgram, string>();
before(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-bench-test-"));
  if (!hasProgram("cc")) return;
  for (const name of ["rtmp-sink", "rtmp-feeder", "flv-sink"] as const)
    programs.set(name, compile(name, folder));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Skips the test where nothing can be compiled. */
function run(t: TestContext, name: NativeProgram, words: readonly (string | number)[]): Program | undefined {
  const program = programs.get(name);
  if (program === undefined) t.skip("NO C COMPILER: the bench's RTMP players and publishers are not tested");
  else return start(ANY_CORE, program, words.map(String));
  return undefined;
}

async function endOf(sink: Program): Promise<Record<string, number>> {
  return JSON.parse(await sink.line((line) => line.includes('"end"'))) as Record<string, number>;
}

const sinkWords = (port: number, readers: number) =>
  ["127.0.0.1", port, "live", "one", RATE, readers, 0.1, 1] as const;
const feederWords = (port: number, count: number) => ["127.0.0.1", port, "live", "s%", RATE, count] as const;

test("players get what a publisher sends, whole and in order, and acknowledge it", async (t) => {
  const relay = await FakeRelay.open(t);
  await using sink = run(t, "rtmp-sink", sinkWords(relay.port, 3));
  if (sink === undefined) return;
  await using feeder = run(t, "rtmp-feeder", feederWords(relay.port, 1));
  await feeder?.line((line) => line.includes('"feeding"'));
  const report = await endOf(sink);
  const expected = (3 * RATE) / 8;
  assert.ok(Math.abs((report["bytes"] ?? 0) - expected) < expected / 2, `${report["bytes"]} of ${expected}`);
  assert.ok((report["messages"] ?? 0) > 100);
  for (const name of ["missing", "disordered", "badLengths", "closed"]) assert.equal(report[name], 0, name);
  // SetBufferLength of 3 s, then acknowledgements (types 4 and 3).
  assert.ok(relay.heard.includes(Buffer.from([0, 3, 0, 0, 0, 1, 0, 0, 0x0b, 0xb8])));
  assert.ok(relay.heard.includes(Buffer.from([2, 0, 0, 0, 0, 0, 4, 3])));
});

test("publishers keep their pace, each with a name of its own", async (t) => {
  const relay = await FakeRelay.open(t);
  await using feeder = run(t, "rtmp-feeder", feederWords(relay.port, 3));
  if (feeder === undefined) return;
  const seconds: Record<string, number>[] = [];
  for (let i = 0; i < 4; i++)
    seconds.push(
      JSON.parse(await feeder.line((line) => line.includes('"second"'))) as Record<string, number>,
    );
  assert.deepEqual(relay.names.sort(), ["s0", "s1", "s2"]);
  const bytes = (seconds[3]?.["bytes"] ?? 0) - (seconds[1]?.["bytes"] ?? 0);
  const expected = (3 * 2 * RATE) / 8;
  assert.ok(Math.abs(bytes - expected) < expected / 2, `${bytes} of ${expected}`);
  assert.equal(seconds[3]?.["closed"], 0);
});

test("players that are refused end the measurement", async (t) => {
  const relay = await FakeRelay.open(t, { refuse: true });
  await using sink = run(t, "rtmp-sink", sinkWords(relay.port, 2));
  if (sink === undefined) return;
  await assert.rejects(endOf(sink), /0 of 2 receivers got media/);
});

/** A tag of AAC as `numbered-media.h` numbers them. */
function tag(
  number: number,
  options: { timestampMs?: number; bytes?: number; trailer?: number } = {},
): Buffer {
  const { timestampMs = number * 21, bytes = 343, trailer = 11 + bytes } = options;
  const tag = Buffer.alloc(11 + bytes + 4, 0x80);
  tag[0] = 8;
  tag.writeUIntBE(bytes, 1, 3);
  tag.writeUIntBE(timestampMs, 4, 3);
  tag.fill(0, 7, 11);
  tag.writeUInt16BE(0xaf01, 11);
  for (let i = 0; i < 4; i++) tag[13 + i] = 0x80 | ((number >> (7 * (3 - i))) & 0x7f);
  tag.writeUInt32BE(trailer, 11 + bytes);
  return tag;
}

const FILE_HEADER = Buffer.from("464c5601050000000900000000", "hex");

test("what is missing, out of order or of the wrong length is counted, in a chunked body too", async (t) => {
  const times = { timestampMs: 5 };
  const cases: readonly (readonly [string, readonly Buffer[], Record<string, number>])[] = [
    ["whole", [tag(1), tag(2)], { messages: 2 }],
    ["a gap", [tag(1), tag(4)], { messages: 2, missing: 2 }],
    ["a number again", [tag(1), tag(1)], { messages: 2, disordered: 1 }],
    ["time goes back", [tag(1), tag(2, times)], { messages: 2, disordered: 1 }],
    ["too short", [tag(1), tag(2, { bytes: 100 })], { messages: 2, badLengths: 1 }],
    ["another size behind it", [tag(1), tag(2, { trailer: 9 })], { messages: 2, badLengths: 1 }],
  ];
  for (const isChunked of [false, true])
    for (const [what, tags, expected] of cases) {
      const server = createServer((_, response) => {
        response.useChunkedEncodingByDefault = isChunked;
        response.shouldKeepAlive = false;
        response.write(Buffer.concat([FILE_HEADER, tag(0)]));
        // Counting begins after the warm-up, and sizes have nothing to do with tags.
        const rest = Buffer.concat(tags);
        const send = (): void => {
          for (let at = 0; at < rest.length; at += 97) response.write(rest.subarray(at, at + 97));
        };
        started.then(send, () => {});
      });
      await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
      const { port } = server.address() as AddressInfo;
      await using sink = run(t, "flv-sink", ["127.0.0.1", port, "/x.flv", RATE, 1, 0.05, 0.3]);
      const started = sink?.line((line) => line.includes('"start"')) ?? Promise.resolve("");
      if (sink !== undefined) {
        await started;
        const report = await endOf(sink);
        const nothing = { missing: 0, disordered: 0, badLengths: 0, closed: 0 };
        for (const [name, value] of Object.entries({ ...nothing, ...expected }))
          assert.equal(report[name], value, `${what}, ${name}`);
      }
      server.closeAllConnections();
      server.close();
      if (sink === undefined) return;
    }
});

test("a second without data is a stall, and what is no FLV ends the measurement", async (t) => {
  const bodies: Record<string, Buffer> = {
    "/good.flv": Buffer.concat([FILE_HEADER, tag(1)]),
    "/bad.flv": Buffer.alloc(100, 0x47),
  };
  const server = createServer((request, response) => void response.write(bodies[request.url ?? ""] ?? ""));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  await using good = run(t, "flv-sink", ["127.0.0.1", port, "/good.flv", RATE, 2, 0, 1.1]);
  if (good === undefined) return;
  const report = await endOf(good);
  assert.equal(report["stalls"], 2);
  assert.ok((report["longestGapMs"] ?? 0) > 1000);
  await using bad = run(t, "flv-sink", ["127.0.0.1", port, "/bad.flv", RATE, 2, 0, 1]);
  if (bad !== undefined) await assert.rejects(endOf(bad), /0 of 2 receivers got media/);
});
