import assert from "node:assert/strict";
import { test } from "node:test";
import type { InputConfig, Options } from "@millrace/model";
import { readSettings } from "./config.ts";
import { DEFAULT_CLOCK } from "./settings.ts";

const input = (options: Options): InputConfig => ({
  url: "fake://clock",
  scheme: "fake",
  priority: 1,
  sourceTimeoutMs: 10_000,
  options,
});

test("reads the options of the URL", () => {
  const cases: readonly [Options, object][] = [
    [{}, {}],
    [{ size: "1280x720" }, { width: 1280, height: 720 }],
    [{ fps: 50 }, { fps: 50, gop: 50 }],
    [
      { fps: 50, gop: 100 },
      { fps: 50, gop: 100 },
    ],
    [
      { bitrate: 2_000_000, tone: 0 },
      { videoBitrate: 2_000_000, toneHz: 0 },
    ],
  ];
  for (const [options, changes] of cases) {
    assert.deepEqual(readSettings(input(options)), { ...DEFAULT_CLOCK, ...changes }, JSON.stringify(options));
  }
});

test("refuses what no encoder can do", () => {
  const cases: readonly Options[] = [
    { size: "big" },
    { size: "641x360" },
    { size: "100x50" },
    { size: "9000x5000" },
    { fps: 0 },
    { fps: 29.97 },
    { gop: 0 },
    { bitrate: 1 },
    { tone: -1 },
  ];
  for (const options of cases) {
    assert.throws(() => readSettings(input(options)), { code: "bad-url" }, JSON.stringify(options));
  }
});
