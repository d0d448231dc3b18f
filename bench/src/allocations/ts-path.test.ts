import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const PROGRAM = fileURLToPath(new URL("./ts-path-main.ts", import.meta.url));
const PACKETS = 2_000_000;
/**
 * What a turn of the event loop makes, shared by its packets, comes to eight or so. One number in a box (16) for each packet
 * would be too much already.
 */
const MOST_BYTES = 12;

interface Result {
  readonly bytesPerPacket: number;
  readonly sent: number;
}

async function run(...words: readonly string[]): Promise<Result> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, String(PACKETS), ...words]);
  return JSON.parse(stdout) as Result;
}

test("a packet's way from the socket to the viewers makes no object of its own", async (t) => {
  const { bytesPerPacket, sent } = await run();
  t.diagnostic(`${bytesPerPacket.toFixed(2)} bytes on the heap for each packet`);
  assert.ok(sent >= PACKETS, `${sent} packets were sent`);
  assert.ok(bytesPerPacket < MOST_BYTES, `${bytesPerPacket} bytes for each packet`);
});

test("an object for each packet would be seen", async () => {
  const { bytesPerPacket } = await run("wasteful");
  assert.ok(bytesPerPacket > MOST_BYTES, `${bytesPerPacket} bytes for each packet`);
});
