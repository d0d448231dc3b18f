import assert from "node:assert/strict";
import { test } from "node:test";
import { fillBeep } from "./beep.ts";
import { glyphRows } from "./bitmap-font.ts";
import { ClockPicture, type Planes } from "./clock-picture.ts";

const FACE = { title: "2026-11-21 UTC", time: "09:30:00.480", footer: "FRAME 000000012" };

function makePlanes(width: number, height: number): Planes {
  const plane = (w: number, h: number) => ({ bytes: new Uint8Array(w * h), stride: w });
  return {
    luma: plane(width + 32, height),
    cb: plane((width + 32) / 2, height / 2),
    cr: plane((width + 32) / 2, height / 2),
  };
}

test("draws within the picture at every size, and only legal levels", () => {
  for (const [width, height] of [
    [160, 90],
    [640, 360],
    [202, 2160],
    [3840, 90],
    [1280, 720],
  ] as const) {
    const planes = makePlanes(width, height);
    const picture = new ClockPicture(planes, { width, height });
    picture.paint();
    for (const phase of [0, 0.5, 0.999])
      picture.update({ ...FACE, phase, grain: phase * 1000, beep: phase === 0 });
    for (let row = 0; row < height; row++) {
      const line = planes.luma.bytes.subarray(row * planes.luma.stride, (row + 1) * planes.luma.stride);
      assert.ok(
        line.subarray(0, width).every((value) => value >= 16 && value <= 235),
        `${width}x${height} levels`,
      );
      assert.ok(
        line.subarray(width).every((value) => value === 0),
        `${width}x${height} padding row ${row}`,
      );
    }
  }
});

test("what changed is drawn over what was there", () => {
  const [planes, fresh] = [makePlanes(640, 360), makePlanes(640, 360)];
  const size = { width: 640, height: 360 };
  const picture = new ClockPicture(planes, size);
  picture.paint();
  picture.update({ ...FACE, time: "23:59:59.999", phase: 0.3, grain: 5, beep: true });
  picture.update({ ...FACE, phase: 0.48, grain: 6, beep: false });
  const other = new ClockPicture(fresh, size);
  other.paint();
  other.update({ ...FACE, phase: 0.48, grain: 6, beep: false });
  assert.deepEqual(planes, fresh);
});

test("the font has every character that is used, each different", () => {
  const used = "0123456789:.- ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const shapes = new Set([...used].map((character) => glyphRows(character).join()));
  assert.equal(shapes.size, used.length);
  assert.ok(!shapes.has(glyphRows("?").join()));
});

test("the beep lasts 100 ms from the full second, at its pitch", () => {
  const second = new Float32Array(48_000);
  fillBeep(second, 0, 1000);
  const crossings = second.filter((value, i) => value >= 0 && (second[i - 1] ?? 0) < 0).length;
  assert.ok(crossings >= 98 && crossings <= 100, `${crossings} periods`);
  assert.ok(second.subarray(4800).every((value) => value === 0));
  const wrapped = new Float32Array(1024);
  fillBeep(wrapped, 47_500, 1000);
  assert.deepEqual(wrapped.subarray(500), second.subarray(0, 524));
  fillBeep(second, 0, 0);
  assert.ok(second.every((value) => value === 0));
});
