import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { PACKET } from "../../e2e/kit/capture.ts";
import { whyNotPiece } from "../../e2e/kit/live.ts";
import { until } from "../../e2e/kit/server.ts";
import { continuityErrors, timestampsOf } from "../../e2e/kit/ts-check.ts";
import { NumberedTs } from "../../netem/kit/numbered-ts.ts";

/** Writes a numbered stream at its rate, and remembers all of it. */
export class NumberedFeed {
  readonly #stream: NumberedTs;
  readonly #sent: Buffer[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(bitsPerSecond: number, write: (datagram: Buffer) => void) {
    this.#stream = new NumberedTs(bitsPerSecond);
    const startMs = performance.now();
    this.#timer = setInterval(() => {
      const due = (performance.now() - startMs) / this.#stream.datagramMs;
      while (this.#sent.length <= due) {
        const datagram = this.#stream.nextDatagram();
        this.#sent.push(datagram);
        write(datagram);
      }
    }, 5);
  }

  get sentBytes(): number {
    return this.#sent.length * 7 * PACKET;
  }

  get sent(): Buffer {
    return Buffer.concat(this.#sent);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

export interface Exchange {
  readonly write: (datagram: Buffer) => void;
  /** What the other side has so far. */
  readonly got: () => Buffer;
  /** How much is to arrive. */
  readonly bytes: number;
  readonly bitsPerSecond?: number;
  /** Said when it does not arrive. */
  readonly explain: () => string;
}

/** Feeds one side a numbered stream until the other side has enough of it, and compares, packet for packet. */
export async function assertPasses(t: Pick<TestContext, "after">, exchange: Exchange): Promise<void> {
  const { write, got, bytes, bitsPerSecond = 2_000_000, explain } = exchange;
  const feed = new NumberedFeed(bitsPerSecond, write);
  t.after(() => feed.stop());
  const waitMs = WAIT_MS + (bytes * 8000) / bitsPerSecond;
  await until(`${bytes} bytes`, waitMs, () => got().length >= bytes || undefined).catch((error: Error) =>
    assert.fail(`${error.message}, got ${got().length}; ${explain()}`),
  );
  feed.stop();
  assert.equal(whyNotExact(got(), feed.sent), undefined, explain());
}
const WAIT_MS = 10_000;

/**
 * Why `got` is not an unbroken piece of `sent`, packet for packet; tables ahead of it, which a stream joined in the middle
 * may begin with, do not count. Undefined when it is one.
 */
export function whyNotExact(got: Buffer, sent: Buffer): string | undefined {
  for (let at = 0; at <= MOST_TABLES * PACKET && at < got.length; at += PACKET) {
    if (sent.includes(got.subarray(at, at + 2 * PACKET))) return whyNotPiece(got.subarray(at), sent);
  }
  return whyNotPiece(got, sent);
}
const MOST_TABLES = 4;

/** Writes a file over its time, evenly, and stops at its end. */
export function feedFile(file: Buffer, seconds: number, write: (part: Buffer) => void): { stop(): void } {
  const startMs = performance.now();
  let at = 0;
  const timer = setInterval(() => {
    const due = Math.min(file.length, (file.length * (performance.now() - startMs)) / (seconds * 1000));
    const end = due - (due % PACKET);
    if (end > at) write(file.subarray(at, end));
    at = Math.max(at, end);
    if (at >= file.length - (file.length % PACKET)) clearInterval(timer);
  }, 10);
  return { stop: () => clearInterval(timer) };
}

/**
 * Why pictures received are not an unbroken run of those in a file, going by the time stamps of a PID in each: continuity
 * counters, and each step from one to the next. Undefined when they are.
 */
export function whyNotRunOf(
  got: { readonly bytes: Buffer; readonly pid: number },
  wanted: { readonly bytes: Buffer; readonly pid: number },
): string | undefined {
  const errors = continuityErrors(got.bytes.subarray(0, got.bytes.length - (got.bytes.length % PACKET)));
  if (errors.length > 0) return `continuity: ${errors.slice(0, 5).join("; ")}`;
  const steps = stepsOf(timestampsOf(got.bytes, got.pid));
  const all = stepsOf(timestampsOf(wanted.bytes, wanted.pid));
  if (steps.length === 0) return `no pictures in ${got.bytes.length} bytes`;
  for (let at = 0; at + steps.length <= all.length; at++) {
    if (steps.every((step, i) => step === all[at + i])) return undefined;
  }
  return `${steps.length + 1} pictures are no run of the file's ${all.length + 1}: ${steps.join(" ")}`;
}

function stepsOf(stamps: readonly number[]): number[] {
  return stamps.slice(1).map((stamp, i) => stamp - (stamps[i] as number));
}
