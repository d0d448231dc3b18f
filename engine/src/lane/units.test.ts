import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccessUnit, Track } from "@millrace/model";
import { SLAB_BYTES } from "../memory/arena.ts";
import { UnitsOutput } from "../stream/units-output.ts";
import { makeLane } from "../testing/lane-kit.ts";
import { Ticker } from "../worker/ticker.ts";
import { CHUNK_KEY, CHUNK_MORE } from "./ring.ts";
import { UnitReader } from "./unit-reader.ts";

const VIDEO: Track = { id: 256, kind: "video", codec: "h264", timescale: 90_000 };
const AUDIO: Track = { id: 257, kind: "audio", codec: "aac", timescale: 90_000 };

function unit(fields: Partial<AccessUnit>, ...parts: number[][]): AccessUnit {
  const data = parts.map((part) => new Uint8Array(part));
  return { track: 256, pts: 0, dts: 0, key: false, discontinuity: false, data, wallMs: 0, ...fields };
}

function bytesOf(read: AccessUnit | undefined): number[] {
  return (read?.data ?? []).flatMap((part) => [...part]);
}

test("units come out as they went in, with tracks first", () => {
  const { writer, view } = makeLane("units");
  const output = new UnitsOutput(writer, new Ticker());
  const reader = new UnitReader(view.read("live"));
  output.setTracks([VIDEO, AUDIO]);
  output.write(unit({ pts: 7200, dts: 3600, key: true }, [1, 2], [3]));
  output.write(unit({ track: 257, pts: 4000, dts: 4000, key: true }, [9]));
  assert.deepEqual(reader.tracks, [VIDEO, AUDIO]);
  const first = reader.next();
  assert.deepEqual([first?.track, first?.pts, first?.dts, first?.key], [256, 7200, 3600, true]);
  assert.deepEqual(bytesOf(first), [1, 2, 3]);
  assert.equal(reader.next()?.track, 257);
  assert.equal(reader.next(), undefined);
  reader.close();
});

test("a unit larger than a slab comes out whole", () => {
  const { writer, view } = makeLane("units");
  const output = new UnitsOutput(writer, new Ticker());
  const reader = new UnitReader(view.read("live"));
  output.setTracks([VIDEO]);
  const big = new Uint8Array(SLAB_BYTES * 2 + 1000);
  for (let i = 0; i < big.length; i++) big[i] = i % 251;
  output.write({ ...unit({ key: true, pts: 10, dts: 10 }), data: [new Uint8Array([250]), big] });
  output.write(unit({ pts: 20, dts: 20 }, [5]));
  const read = reader.next();
  assert.equal(read?.key, true);
  const whole = Buffer.concat(read?.data ?? []);
  assert.equal(whole.length, big.length + 1);
  assert.ok(whole.subarray(1).equals(big));
  assert.deepEqual(bytesOf(reader.next()), [5]);
  reader.close();
});

test("a switch of inputs goes on in time and is flagged once for each track", () => {
  const { writer, view } = makeLane("units");
  const output = new UnitsOutput(writer, new Ticker());
  const reader = new UnitReader(view.read("live"));
  output.setTracks([VIDEO, AUDIO]);
  output.write(unit({ pts: 900_000, dts: 900_000, key: true }, [1]));
  output.switch();
  output.write(unit({ pts: 55, dts: 50, key: true }, [2]));
  output.write(unit({ track: 257, pts: 60, dts: 60, key: true }, [3]));
  output.write(unit({ pts: 3655, dts: 3650 }, [4]));
  const seen = [];
  for (let next = reader.next(); next !== undefined; next = reader.next()) {
    seen.push([next.dts, next.pts - next.dts, next.discontinuity]);
  }
  assert.deepEqual(seen, [
    [900_000, 0, false],
    [903_600, 5, true],
    [903_610, 0, true],
    [907_200, 5, false],
  ]);
  reader.close();
});

test("a reader that is moved ahead in the middle of a unit drops the part it has", () => {
  const { writer, view, clock, pool } = makeLane("units", { windowMs: 1 });
  const output = new UnitsOutput(writer, new Ticker());
  const reader = new UnitReader(view.read("live"));
  output.setTracks([VIDEO]);
  // The beginning of a unit that goes on in the next slab, where it is not yet written.
  writer.room(1);
  writer.mark(CHUNK_KEY | CHUNK_MORE, { dts: 1, pts: 1, track: 256 });
  writer.bytes.fill(9, writer.at, writer.at + 100);
  writer.advance(100);
  writer.commit();
  assert.equal(reader.next(), undefined);
  for (let i = 0; i < 4; i++) {
    clock.advanceMs(10);
    const big = new Uint8Array(SLAB_BYTES - 10).fill(i);
    output.write({ ...unit({ key: true, dts: 10 * i, pts: 10 * i }), data: [big] });
  }
  const read = reader.next();
  assert.deepEqual([...new Set(bytesOf(read))], [3]);
  assert.equal(read?.discontinuity, true);
  reader.close();
  writer.end();
  writer.free();
  assert.equal(pool.freeBytes, pool.totalBytes);
});
