import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { compile } from "../compile.ts";
import { freeUdpPorts, hasProgram, start } from "../program.ts";
import { spreadOf } from "../srt/srt.ts";
import { SyntheticTs, syntheticTs } from "../synthetic-ts.ts";
import { latencyText } from "./suite.ts";

const RATE = 4_000_000;
const PACKET = 188;
const STAMP_AT = PACKET - 14;

interface Report {
  readonly stamps: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mostMs: number;
}

test("packets tell over UDP how long they were under way", async (t) => {
  if (!hasProgram("cc")) return t.skip("NO C COMPILER: the probes of latency are not tested");
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const media = join(folder, "media.mpegts");
  writeFileSync(media, syntheticTs(RATE, 2));
  const port = await freeUdpPorts(1);
  await using sink = start(-1, compile("udp-sink", folder), [String(port), "0.1", "0.5"]);
  await sink.line((line) => line === "listening");
  const words = ["127.0.0.1", port, media, RATE, 1, "stamped"].map(String);
  await using feeder = start(-1, compile("udp-feeder", folder), words);
  const end = Promise.race([sink.line((line) => line.includes('"end"')), feeder.ended]);
  const report = JSON.parse(await end) as Report;
  assert.ok(report.stamps > 100, `${report.stamps} stamps`);
  assert.ok(report.p50Ms > 0 && report.p50Ms <= report.p99Ms && report.p99Ms <= report.mostMs);
  return undefined;
});

test("stamps are found in a body that is cut anywhere, and nowhere else", async (t) => {
  if (!hasProgram("cc")) return t.skip("NO C COMPILER: the probes of latency are not tested");
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const source = new SyntheticTs(RATE);
  let stamped = 0;
  const server = createServer((_, response) => {
    const timer = setInterval(() => {
      const frame = source.nextFrame();
      stamped += stamp(frame);
      // Odd pieces, so that packets are cut.
      for (let at = 0; at < frame.length; at += 333) response.write(frame.subarray(at, at + 333));
    }, 40);
    response.on("close", () => clearInterval(timer));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const words = ["127.0.0.1", port, "/x", 1, 0, 0.5, 0, "stamped"].map(String);
  await using sink = start(-1, compile("sink", folder), words);
  const report = JSON.parse(await sink.line((line) => line.includes('"end"'))) as Report;
  assert.ok(report.stamps > 0 && report.stamps <= stamped, `${report.stamps} of ${stamped}`);
  // Stamped as if they had been sent an hour ago.
  assert.ok(report.mostMs > 3_600_000 && report.mostMs < 3_700_000, String(report.mostMs));
  return undefined;
});

/** As `stamp_put` of native/delays.h: a mark and the time in bytes of seven bits, in plain video packets. */
function stamp(frame: Uint8Array): number {
  let count = 0;
  const us = process.hrtime.bigint() / 1000n - 3_600_000_000n;
  for (let at = 0; at < frame.length; at += PACKET) {
    const head = frame.subarray(at, at + 4);
    if (head[1] !== 0x01 || head[2] !== 0x00 || ((head[3] ?? 0) & 0x30) !== 0x10) continue;
    frame.set([0xd5, 0xab, 0xb9, 0x9d], at + STAMP_AT);
    for (let i = 9, left = us; i >= 0; i -= 1, left >>= 7n)
      frame[at + STAMP_AT + 4 + i] = 0x80 | Number(left & 0x7fn);
    count += 1;
  }
  return count;
}

test("latencies stand in a table", () => {
  const row = { way: "udp → udp", readers: 200, p50: spreadOf([0.5, 0.7, 0.6]), p99: spreadOf([3]) };
  assert.match(
    latencyText([{ ...row, mostMs: 8.04, load: 0.25, otherLoad: 1.5 }]),
    /udp → udp +200 +0\.60 \(0\.50…0\.70\) +3\.00 \(3\.00…3\.00\) +8\.0 +25\.0 +150\.0$/,
  );
});
