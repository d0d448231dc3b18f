import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { PCR_HZ, PCR_WRAP, TICKS_WRAP } from "@millrace/model";
import { LOOP_ASSET, LOOP_SECONDS } from "./loop-asset.ts";
import { TsLoop } from "./ts-loop.ts";

interface Reading {
  /** 27 MHz, in order. */
  readonly pcr: number[];
  /** 90 kHz, in order, by PID. */
  readonly pts: Map<number, number[]>;
  readonly counterErrors: number;
}

// A reader of its own, written from the standard with big integers, so that it shares no mistake with the code.
function readTs(bytes: Uint8Array): Reading {
  const counters = new Map<number, number>();
  const reading = { pcr: [] as number[], pts: new Map<number, number[]>(), counterErrors: 0 };
  for (let at = 0; at < bytes.length; at += 188) {
    const packet = Buffer.from(bytes.subarray(at, at + 188));
    assert.equal(packet[0], 0x47);
    const pid = packet.readUInt16BE(1) & 0x1fff;
    const control = packet.readUInt8(3);
    const last = counters.get(pid);
    const expected = control & 0x10 ? ((last ?? -1) + 1) & 15 : last;
    if (last !== undefined && (control & 15) !== expected) reading.counterErrors++;
    counters.set(pid, control & 15);
    const field = control & 0x20 ? packet.readUInt8(4) : -1;
    if (field > 0 && packet.readUInt8(5) & 0x10) {
      const bits = (BigInt(packet.readUInt32BE(6)) << 16n) | BigInt(packet.readUInt16BE(10));
      reading.pcr.push(Number(bits >> 15n) * 300 + Number(bits & 511n));
    }
    const payload = 5 + field;
    const start = packet.readUInt8(1) & 0x40 && packet.length - payload > 14;
    if (!start || packet.readUIntBE(payload, 3) !== 1) continue;
    const b = BigInt(packet.readUIntBE(payload + 9, 5));
    const time =
      ((b >> 33n) & 7n) * (1n << 30n) + ((b >> 17n) & 0x7fffn) * (1n << 15n) + ((b >> 1n) & 0x7fffn);
    reading.pts.set(pid, [...(reading.pts.get(pid) ?? []), Number(time)]);
  }
  return reading;
}

function play(loop: TsLoop, untilPcr: number): Uint8Array {
  const parts: Uint8Array[] = [];
  while (loop.dueAt < untilPcr) parts.push(loop.next());
  return Buffer.concat(parts);
}

const steps = (values: readonly number[], wrap: number): Set<number> =>
  new Set(values.slice(1).map((value, i) => (value - (values[i] as number) + wrap) % wrap));

test("the loop that ships runs on over its seam", () => {
  const loop = new TsLoop(readFileSync(LOOP_ASSET), LOOP_SECONDS * PCR_HZ);
  const reading = readTs(play(loop, 2.5 * LOOP_SECONDS * PCR_HZ));
  assert.equal(reading.counterErrors, 0);
  assert.deepEqual([...steps(reading.pcr, PCR_WRAP)], [PCR_HZ / 25]);
  const [video, audio] = [...reading.pts.values()];
  assert.equal(video?.length, 2.5 * LOOP_SECONDS * 25);
  assert.deepEqual([...steps(video ?? [], TICKS_WRAP)], [3600]);
  // The frames of silence are small: up to five of them (1024 samples, 1920 ticks each) share a PES packet.
  for (const step of steps(audio ?? [], TICKS_WRAP))
    assert.ok(step % 1920 === 0 && step <= 5 * 1920, `${step}`);
  const lap = audio?.filter((time) => time < (audio[0] as number) + LOOP_SECONDS * 90_000) ?? [];
  assert.deepEqual(
    audio?.slice(lap.length, 2 * lap.length),
    lap.map((time) => time + LOOP_SECONDS * 90_000),
  );
});

test("timestamps wrap at 33 bits", () => {
  const lap = readFileSync(LOOP_ASSET);
  const far = TICKS_WRAP * 300 - LOOP_SECONDS * PCR_HZ;
  const loop = new TsLoop(lap, far);
  const first = readTs(play(loop, far - 1));
  const second = readTs(play(loop, 2 * far - 1));
  const shifted = (value: number, wrap: number, by: number) => (value + by) % wrap;
  assert.deepEqual(
    second.pcr,
    first.pcr.map((value) => shifted(value, PCR_WRAP, far)),
  );
  for (const [pid, times] of first.pts) {
    assert.deepEqual(
      second.pts.get(pid),
      times.map((value) => shifted(value, TICKS_WRAP, far / 300)),
    );
  }
});

test("refuses what it cannot play", () => {
  const noPcr = Buffer.alloc(376);
  noPcr[0] = noPcr[188] = 0x47;
  const cases: readonly [string, Uint8Array][] = [
    ["empty", Buffer.alloc(0)],
    ["half a packet", Buffer.alloc(100, 0x47)],
    ["no sync", Buffer.alloc(188)],
    ["no PCR", noPcr],
  ];
  for (const [name, bytes] of cases) assert.throws(() => new TsLoop(bytes, 1), { code: "bad-loop" }, name);
});
