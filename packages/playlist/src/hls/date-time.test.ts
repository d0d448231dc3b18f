import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatDateTime, parseDateTime } from "./date-time.ts";

const READ: readonly (readonly [string, string | undefined])[] = [
  ["2010-02-19T14:54:23.031+08:00", "2010-02-19T06:54:23.031Z"],
  ["2010-02-19T14:54:23.031Z", "2010-02-19T14:54:23.031Z"],
  ["2010-02-19T14:54:23+0530", "2010-02-19T09:24:23.000Z"],
  ["2010-02-19T14:54:23-03", "2010-02-19T17:54:23.000Z"],
  ["2010-02-19T14:54:23.123456789Z", "2010-02-19T14:54:23.123Z"],
  ["2010-02-19 14:54:23", "2010-02-19T14:54:23.000Z"],
  ["20100219T145423Z", "2010-02-19T14:54:23.000Z"],
  ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"],
  ["2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"],
  ["2023-02-29T00:00:00Z", undefined],
  ["2023-04-31T00:00:00Z", undefined],
  ["2010-13-19T14:54:23Z", undefined],
  ["2010-02-19T24:54:23Z", undefined],
  ["2010-02-19", undefined],
  ["0000-01-01T00:00:00+14:00", undefined],
  ["", undefined],
];

test("dates are read with every zone the standard allows", () => {
  for (const [text, expected] of READ) {
    const ms = parseDateTime(text);
    assert.equal(ms === undefined ? undefined : formatDateTime(ms), expected, text);
  }
});

test("a date that has been written reads as the same", () => {
  fc.assert(
    fc.property(fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 }), (ms) => {
      assert.equal(parseDateTime(formatDateTime(ms)), ms);
    }),
  );
});

test("what is no date is not written", () => {
  for (const ms of [Number.NaN, Infinity, 1e15])
    assert.throws(() => formatDateTime(ms), { code: "playlist.bad-value" });
});
