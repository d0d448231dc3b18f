import { type ClientRequest, request } from "node:http";
import { SyntheticTs } from "./synthetic-ts.ts";

/**
 * Publishes made-up streams over HTTP in real time, until it is killed: `feeder-main.ts URL BITS_PER_SECOND COUNT`. `%` in
 * the URL is the number of the stream, from 0. All get the same bytes, so that making them costs little. Prints "feeding".
 */

const TICK_MS = 10;
/** A server that takes nothing must not fill our memory. */
const QUEUE_BYTES = 8 << 20;

const [url = "", rateText, countText] = process.argv.slice(2);
const bitsPerSecond = Number(rateText);
const source = new SyntheticTs(bitsPerSecond);
let sent = 0;
let waiting: Uint8Array = new Uint8Array(0);

function publish(number: number): ClientRequest {
  const put = request(url.replaceAll("%", String(number)), { method: "PUT" });
  put.on("response", (response) => fail(`stream ${number}: answered with ${response.statusCode}`));
  put.on("error", (error) => fail(`stream ${number}: ${error.message}`));
  return put;
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

/** The bytes that have become due since the last call, whole packets. */
function takeDue(elapsedMs: number): Uint8Array {
  const due = Math.floor((elapsedMs * bitsPerSecond) / 8000 / 188) * 188 - sent;
  const parts = [waiting];
  let have = waiting.length;
  while (have < due) {
    const frame = source.nextFrame();
    parts.push(frame);
    have += frame.length;
  }
  const all = Buffer.concat(parts);
  waiting = new Uint8Array(all.subarray(due));
  sent += due;
  return all.subarray(0, due);
}

const puts = Array.from({ length: Number(countText) }, (_, i) => publish(i));
const startMs = performance.now();
setInterval(() => {
  const bytes = takeDue(performance.now() - startMs);
  if (bytes.length === 0) return;
  for (const [i, put] of puts.entries()) {
    if (put.writableLength > QUEUE_BYTES) fail(`stream ${i}: the server takes nothing`);
    put.write(bytes);
  }
}, TICK_MS);
console.log("feeding");
