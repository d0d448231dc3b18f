import assert from "node:assert/strict";
import { test } from "node:test";
import type { StreamInfo } from "@millrace/model";
import { mediaInfoOf } from "./media-info.ts";

const STREAM: StreamInfo = {
  name: "one",
  kind: "static",
  running: true,
  worker: 0,
  bytesIn: 1,
  bitrate: 1000,
  viewers: 0,
  switches: 0,
  inputs: [{ url: "udp://239.1.1.1:1", priority: 1, state: "active", bytes: 1, retries: 0, counters: {} }],
  tracks: [
    { id: 256, codec: "h264", kind: "video", text: "H.264 640x360" },
    { id: 257, codec: "aac", kind: "audio", language: "eng" },
    { id: 258, codec: "ac3", kind: "audio" },
    { id: 259, codec: "scte35", kind: "data" },
  ],
  pushes: [],
  memoryBytes: 0,
};

test("tracks are numbered by their kind, and nothing of the inputs is told", () => {
  assert.deepEqual(mediaInfoOf(STREAM, 5), {
    running: true,
    now: 5,
    streams: [
      { content: "video", codec: "h264", track_id: "v1", title: "H.264 640x360" },
      { content: "audio", codec: "aac", track_id: "a1", lang: "eng" },
      { content: "audio", codec: "ac3", track_id: "a2" },
      { content: "data", codec: "scte35", track_id: "d1" },
    ],
  });
});

test("a stream without input, or that runs nowhere, is not running", () => {
  assert.equal(mediaInfoOf({ ...STREAM, bitrate: 0 }, 5).running, false);
  assert.deepEqual(mediaInfoOf(undefined, 5), { running: false, now: 5, streams: [] });
});
