import assert from "node:assert/strict";
import { test } from "node:test";
import { concat, fromHex, hex } from "@millrace/bytes";
import type { Track } from "@millrace/model";
import fc from "fast-check";
import { ALL_FORMATS, BufferSource, Input } from "mediabunny";
import { sizeBytes } from "./ebml.ts";
import { BlockHead, canHold, matroskaHeader } from "./matroska.ts";

const VP9: Track = {
  id: 1,
  kind: "video",
  codec: "vp9",
  timescale: 90_000,
  language: "ger",
  video: { width: 320, height: 240, profile: 0, level: 20 },
};
const OPUS: Track = {
  id: 2,
  kind: "audio",
  codec: "opus",
  timescale: 48_000,
  audio: { sampleRate: 48_000, channels: 2 },
  config: fromHex("000201380000bb80000000"),
};

const SIZES: readonly (readonly [number, string])[] = [
  [0, "80"],
  [126, "fe"],
  [127, "407f"],
  [16_382, "7ffe"],
  [16_383, "203fff"],
  [2 ** 28 - 1, "080fffffff"],
];

for (const [size, bytes] of SIZES) {
  test(`size ${size} is ${bytes}`, () => assert.equal(hex(sizeBytes(size)), bytes));
}

test("a file of header and blocks is read by others as it was meant", async () => {
  const header = matroskaHeader("webm", [
    { number: 1, track: VP9 },
    { number: 2, track: OPUS },
  ]);
  const head = new BlockHead();
  const parts = [header];
  for (let i = 0; i < 10; i++) {
    for (const number of [1, 2]) {
      const data = new Uint8Array(100 + i).fill(0x82 + i);
      assert.ok(head.write({ number, timeMs: i * 40, key: number === 2 || i % 5 === 0, size: data.length }));
      parts.push(head.bytes.slice(), data);
    }
  }
  const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(concat(parts)) });
  assert.equal(await input.getMimeType().then((type) => type.split(";")[0]), "video/webm");
  const video = await input.getPrimaryVideoTrack();
  const audio = await input.getPrimaryAudioTrack();
  assert.equal(await video?.getCodec(), "vp9");
  assert.deepEqual([await video?.getCodedWidth(), await video?.getCodedHeight()], [320, 240]);
  assert.equal(await audio?.getCodec(), "opus");
  assert.equal(await audio?.getSampleRate(), 48_000);
});

test("the head of a frame says its track, time, and size", () => {
  const head = new BlockHead();
  const blocks = fc.record({
    number: fc.integer({ min: 1, max: 127 }),
    timeMs: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    key: fc.boolean(),
    size: fc.integer({ min: 0, max: 2 ** 28 - 65 }),
  });
  fc.assert(
    fc.property(blocks, (block) => {
      assert.ok(head.write(block));
      const view = new DataView(head.bytes.buffer);
      assert.equal(view.getUint32(4) - 0x10000000, 19 + block.size);
      assert.equal(view.getBigUint64(10), BigInt(block.timeMs));
      assert.equal(view.getUint32(19) - 0x10000000, 4 + block.size);
      assert.deepEqual([...head.bytes.subarray(23)], [0x80 | block.number, 0, 0, block.key ? 0x80 : 0]);
    }),
  );
  assert.equal(head.write({ number: 1, timeMs: 0, key: true, size: 2 ** 28 }), false);
});

const HELD: readonly (readonly [Partial<Track>, boolean, boolean])[] = [
  [VP9, true, true],
  [OPUS, true, true],
  [{ codec: "opus" }, false, false],
  [{ codec: "h264" }, false, false],
  [{ codec: "h264", config: new Uint8Array(8) }, true, false],
  [{ codec: "mpa" }, true, false],
  [{ codec: "pcm" }, false, false],
  [{ codec: "teletext" }, false, false],
];

for (const [facts, matroska, webm] of HELD) {
  test(`${facts.codec} ${facts.config === undefined ? "without" : "with"} configuration: ${matroska}, ${webm}`, () => {
    const track = { id: 1, kind: "video", timescale: 1, ...facts } as Track;
    assert.deepEqual([canHold("matroska", track), canHold("webm", track)], [matroska, webm]);
  });
}
