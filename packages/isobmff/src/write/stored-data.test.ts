import assert from "node:assert/strict";
import { test } from "node:test";
import type { Track } from "@millrace/model";
import fc from "fast-check";
import { parseWebvttSample, storedData, type WebvttCue, webvttSample } from "../index.ts";
import { bytesOf, hex } from "../media.test-support.ts";
import { AAC, H264, IDR, P_SLICE, PPS, SPS } from "../tracks.test-support.ts";

function prefixed(nal: Uint8Array): Uint8Array {
  return bytesOf(nal.length.toString(16).padStart(8, "0") + hex(nal));
}

function stored(track: Track, data: readonly Uint8Array[]): string {
  const parts: Uint8Array[] = [];
  const unit = { track: 1, pts: 0, dts: 0, key: true, discontinuity: false, wallMs: 0, data };
  const size = storedData(track, unit, parts);
  const bytes = Buffer.concat(parts);
  assert.equal(size, bytes.length);
  assert.ok(parts.every(({ length }) => length > 0));
  // Views, no copies.
  assert.ok(parts.every(({ buffer }) => data.some((part) => part.buffer === buffer)));
  return hex(bytes);
}

const SEI = bytesOf("00000002 0601");
const OTHER_SPS = prefixed(SPS.map((byte, i) => (i === 9 ? byte ^ 1 : byte)));
const join = (...parts: Uint8Array[]) => Uint8Array.from(Buffer.concat(parts));
const ALL = join(prefixed(SPS), SEI, prefixed(PPS), IDR, P_SLICE);
const KEPT = hex(join(SEI, IDR, P_SLICE));

test("H.264: parameter sets of the record are left out", () => {
  assert.equal(stored(H264, [ALL]), KEPT);
  assert.equal(stored(H264, [prefixed(SPS), SEI, prefixed(PPS), IDR, P_SLICE]), KEPT);
  assert.equal(stored(H264, [IDR]), hex(IDR));
  assert.equal(stored(H264, [prefixed(SPS)]), "");
  assert.equal(stored(H264, [join(OTHER_SPS, IDR)]), hex(join(OTHER_SPS, IDR)));
  const { config: _, ...bare } = H264;
  assert.equal(stored(bare, [ALL]), hex(ALL));
});

test("H.264: parts that end within a NAL unit", () => {
  // Behind the sets.
  for (let at = ALL.length - 17; at < ALL.length - 9; at++)
    assert.equal(stored(H264, [ALL.subarray(0, at), ALL.subarray(at)]), KEPT, `${at}`);
  for (let at = 0; at <= ALL.length; at++) {
    const text = stored(H264, [ALL.subarray(0, at), ALL.subarray(at)]);
    assert.ok(text === KEPT || text.endsWith(hex(join(IDR, P_SLICE))), `${at}`);
  }
});

test("H.264: lengths that lie keep every byte", () => {
  const bad = bytesOf("000000ff 6588");
  assert.equal(stored(H264, [bad]), hex(bad));
  assert.equal(stored(H264, [bad, prefixed(SPS)]), hex(join(bad, prefixed(SPS))));
});

test("AV1: the temporal delimiter is left out", () => {
  const track: Track = { ...H264, codec: "av1", config: bytesOf("81000c00") };
  assert.equal(stored(track, [bytesOf("1200 0a01aa")]), "0a01aa");
  assert.equal(stored(track, [bytesOf("160000 0a01aa")]), "0a01aa");
  assert.equal(stored(track, [bytesOf("0a01aa 1200")]), "0a01aa1200");
});

test("MPEG-4 part 2: the headers of the configuration are left out", () => {
  const track: Track = { ...H264, codec: "mpeg4", config: bytesOf("000001b001") };
  assert.equal(stored(track, [bytesOf("000001b001 000001b6")]), "000001b6");
  assert.equal(stored(track, [bytesOf("000001b002 000001b6")]), "000001b002000001b6");
});

test("other codecs are stored as they are", () => {
  assert.equal(stored(AAC, [bytesOf("12 00"), bytesOf(""), bytesOf("34")]), "120034");
});

test("WebVTT: samples (ISO/IEC 14496-30 §7.4)", () => {
  assert.equal(hex(webvttSample([])), "0000000876747465");
  const text = Buffer.from(webvttSample([{ text: "a", id: "7", settings: "line:0" }])).toString("latin1");
  assert.equal(text, "\0\0\0\x28vttc\0\0\0\x09iden7\0\0\0\x0esttgline:0\0\0\0\x09payla");
  assert.deepEqual(parseWebvttSample(bytesOf("00000020 76747463")), undefined);
});

test("WebVTT: what is written is read", () => {
  const field = fc.string({ unit: "grapheme", minLength: 1 });
  const cue = fc.record(
    { text: fc.string({ unit: "grapheme" }), id: field, settings: field },
    { requiredKeys: ["text"] },
  );
  fc.assert(
    fc.property(fc.array(cue, { minLength: 1 }), (cues) => {
      assert.deepEqual(
        parseWebvttSample(webvttSample(cues as WebvttCue[])),
        cues.map((each) => ({ ...each })),
      );
    }),
  );
  assert.deepEqual(parseWebvttSample(webvttSample([])), []);
});
