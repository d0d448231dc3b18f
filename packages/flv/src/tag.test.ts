import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FlvProblem, type FlvProblemCode } from "./errors.ts";
import { bytesOf, hex } from "./media.test-support.ts";
import {
  FLV_AUDIO,
  FLV_SCRIPT,
  FLV_VIDEO,
  FlvReader,
  type FlvReaderOptions,
  flvHeader,
  flvTag,
} from "./tag.ts";

function read(pieces: readonly Uint8Array[], options: Partial<FlvReaderOptions> = {}) {
  const tags: [number, number, string][] = [];
  const headers: unknown[] = [];
  const reader = new FlvReader({
    onTag: (type, timestampMs, body) => tags.push([type, timestampMs, hex(body)]),
    onHeader: (header) => headers.push(header),
    ...options,
  });
  for (const piece of pieces) reader.push(piece);
  return { reader, tags, headers };
}

function problem(code: FlvProblemCode) {
  return (error: unknown) => error instanceof FlvProblem && error.code === code;
}

test("header", () => {
  assert.equal(hex(flvHeader(true, true)), "464c5601050000000900000000");
  for (const hasAudio of [true, false]) {
    for (const hasVideo of [true, false]) {
      assert.deepEqual(read([flvHeader(hasAudio, hasVideo)]).headers, [{ hasAudio, hasVideo }]);
    }
  }
});

test("header that is longer", () => {
  const file = [bytesOf("464c5601050000000c aabbcc 00000000"), flvTag(FLV_AUDIO, 1, bytesOf("ff"))];
  assert.deepEqual(read(file).tags, [[FLV_AUDIO, 1, "ff"]]);
});

/** type, milliseconds, body, bytes of the tag */
const TAGS: readonly (readonly [number, number, string, string])[] = [
  [FLV_AUDIO, 0, "af00", "08 000002 000000 00 000000 af00 0000000d"],
  [FLV_VIDEO, 0x123456, "", "09 000000 123456 00 000000 0000000b"],
  [FLV_SCRIPT, 0xfedcba98, "02", "12 000001 dcba98 fe 000000 02 0000000c"],
];
for (const [type, timestampMs, body, bytes] of TAGS) {
  test(`tag of type ${type} at ${timestampMs}`, () => {
    assert.equal(hex(flvTag(type, timestampMs, bytesOf(body))), bytes.replaceAll(" ", ""));
    assert.deepEqual(read([flvHeader(true, true), bytesOf(bytes)]).tags, [[type, timestampMs, body]]);
  });
}

test("timestamps beyond 32 bits, and negative ones, wrap", () => {
  const tags = [flvTag(FLV_AUDIO, 2 ** 32 + 5, bytesOf("")), flvTag(FLV_AUDIO, -1, bytesOf(""))];
  const stamps = read([flvHeader(true, true), ...tags]).tags.map(([, stamp]) => stamp);
  assert.deepEqual(stamps, [5, 2 ** 32 - 1]);
});

test("wrong size behind a tag: counted, and read on", () => {
  const tag = flvTag(FLV_AUDIO, 0, bytesOf("ff"));
  tag[tag.length - 1] = 0;
  const { reader, tags } = read([flvHeader(true, true), tag, tag]);
  assert.deepEqual([tags.length, reader.tags, reader.wrongSizes], [2, 2, 2]);
});

test("encrypted tags are passed over", () => {
  const tag = flvTag(FLV_VIDEO | 0x20, 0, bytesOf("ff"));
  const { reader, tags } = read([flvHeader(true, true), tag, flvTag(FLV_VIDEO, 1, bytesOf("00"))]);
  assert.deepEqual([tags, reader.skippedTags], [[[FLV_VIDEO, 1, "00"]], 1]);
});

const REFUSED: readonly (readonly [string, string, FlvProblemCode])[] = [
  ["no signature", "474c56", "flv.signature"],
  ["no signature, by its first byte", "00", "flv.signature"],
  ["header of 4 GB", "464c560105ffffffff", "flv.signature"],
  ["header that is too short", "464c56010500000008", "flv.signature"],
  ["unknown type", "464c5601050000000900000000 07 000000 000000 00 000000", "flv.tag-type"],
  ["too large", "464c5601050000000900000000 09 000101 000000 00 000000", "flv.tag-size"],
];
for (const [name, bytes, code] of REFUSED) {
  test(`refused: ${name}`, () => {
    assert.throws(() => read([bytesOf(bytes)], { maxBodyBytes: 256 }), problem(code));
  });
}

test("a tag that cannot be written", () => {
  assert.throws(() => flvTag(FLV_VIDEO, 0, new Uint8Array(2 ** 24)), problem("flv.tag-size"));
});

test("any tags in any pieces come back", () => {
  const tag = fc.tuple(
    fc.constantFrom(FLV_AUDIO, FLV_VIDEO, FLV_SCRIPT),
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    fc.uint8Array({ maxLength: 300 }),
  );
  const property = fc.property(
    fc.array(tag, { maxLength: 20 }),
    fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 }),
    (tags, cuts) => {
      const file = Buffer.concat([flvHeader(true, true), ...tags.map((it) => flvTag(...it))]);
      const pieces: Uint8Array[] = [];
      for (let at = 0, i = 0; at < file.length; at += pieces.at(-1)!.length) {
        pieces.push(new Uint8Array(file.subarray(at, at + cuts[i++ % cuts.length]!)));
      }
      assert.deepEqual(
        read(pieces).tags,
        tags.map(([type, stamp, body]) => [type, stamp, hex(body)]),
      );
    },
  );
  fc.assert(property, { numRuns: 100 });
});
