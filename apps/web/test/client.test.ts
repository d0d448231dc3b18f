import assert from "node:assert/strict";
import { test } from "node:test";
import { formatBitrate, formatBytes, formatCount } from "../assets/format.js";
import { readPlayerOptions } from "../assets/player-options.js";
import { PROBLEMS, problemOfHls, problemOfStatus, retryDelayMs } from "../assets/problems.js";
import { addressesOf, stateOf, tracksText } from "../assets/stream-state.js";

test("numbers in words", () => {
  const bitrates: readonly [number, string][] = [
    [0, "0 kbit/s"],
    [Number.NaN, "0 kbit/s"],
    [128_000, "128 kbit/s"],
    [999_499, "999 kbit/s"],
    [999_500, "1.00 Mbit/s"],
    [9_994_000, "9.99 Mbit/s"],
    [9_996_000, "10.0 Mbit/s"],
    [99_960_000, "100 Mbit/s"],
    [1_500_000_000, "1.50 Gbit/s"],
  ];
  for (const [value, text] of bitrates) assert.equal(formatBitrate(value), text);
  const bytes: readonly [number, string][] = [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [123_456_789, "123 MB"],
    [2e15, "2000 TB"],
  ];
  for (const [value, text] of bytes) assert.equal(formatBytes(value), text);
  assert.equal(formatCount(1, "viewer", "viewers"), "1 viewer");
  assert.equal(formatCount(1240, "viewer", "viewers"), "1,240 viewers");
});

test("options of the player page", () => {
  const defaults = { autoplay: true, muted: true, controls: true, stats: false, playlist: "index.m3u8" };
  const cases: readonly [string, object][] = [
    ["", {}],
    ["?autoplay=0", { autoplay: false, muted: false }],
    ["?autoplay=false&muted=1", { autoplay: false }],
    ["?muted=0", { muted: false }],
    ["?controls=no&stats=1", { controls: false, stats: true }],
    ["?token=a%26b", { playlist: "index.m3u8?token=a%26b" }],
  ];
  for (const [query, changes] of cases)
    assert.deepEqual(readPlayerOptions(query), { ...defaults, ...changes }, query);
});

test("every failure has its words", () => {
  const cases: readonly [string, string, number | undefined, string][] = [
    ["networkError", "manifestLoadError", 404, "missing"],
    ["networkError", "manifestLoadError", 403, "forbidden"],
    ["networkError", "manifestLoadError", 503, "offline"],
    ["networkError", "manifestLoadError", 0, "network"],
    ["networkError", "manifestLoadTimeOut", undefined, "network"],
    ["networkError", "manifestParsingError", 200, "offline"],
    ["networkError", "levelLoadError", 404, "missing"],
    ["networkError", "fragLoadError", 404, "offline"],
    ["networkError", "fragLoadError", 0, "network"],
    ["mediaError", "bufferAddCodecError", undefined, "codec"],
    ["mediaError", "manifestIncompatibleCodecsError", undefined, "codec"],
    ["mediaError", "fragParsingError", undefined, "broken"],
    ["otherError", "internalException", undefined, "broken"],
  ];
  for (const [type, details, status, name] of cases) {
    assert.equal(problemOfHls({ type, details, status }), name, `${details} ${status}`);
    assert.ok(PROBLEMS[name]);
  }
  for (const status of [0, 401, 404, 429, 500, 502])
    assert.ok(PROBLEMS[problemOfStatus(status)], `${status}`);
});

test("attempts come further and further apart", () => {
  const delays = [0, 1, 2, 3, 4, 50].map((attempt) => retryDelayMs(attempt, false));
  assert.deepEqual(delays, [1000, 2000, 4000, 8000, 15_000, 15_000]);
  assert.equal(retryDelayMs(0, true), 60_000);
});

test("states and addresses of a stream", () => {
  const input = (state: "idle" | "connecting" | "alive" | "active" | "failed") =>
    ({ url: "udp://239.0.0.1:1", priority: 1, state, bytes: 0, retries: 0, counters: {} }) as const;
  const stream = { kind: "static", running: true, bitrate: 0, inputs: [] };
  assert.equal(stateOf({ ...stream, bitrate: 1 }).key, "live");
  assert.equal(stateOf({ ...stream, inputs: [input("failed")] }).key, "lost");
  assert.equal(stateOf({ ...stream, inputs: [input("failed"), input("connecting")] }).key, "waiting");
  assert.equal(stateOf(stream).text, "waiting for media");
  assert.equal(stateOf({ ...stream, running: false, kind: "ondemand" }).text, "starts on demand");
  assert.equal(stateOf({ ...stream, running: false }).text, "not running");
  const tracks = [
    { id: 1, codec: "h264", kind: "video" },
    { id: 2, codec: "wonder", kind: "audio" },
    { id: 3, codec: "teletext", kind: "subtitle" },
  ];
  assert.equal(tracksText(tracks), "H.264 · wonder · 1 more");
  assert.deepEqual(addressesOf("http://h:1", "a b/ü").slice(0, 2), [
    ["HLS", "http://h:1/a%20b/%C3%BC/index.m3u8"],
    ["HTTP-TS", "http://h:1/a%20b/%C3%BC/mpegts"],
  ]);
});
