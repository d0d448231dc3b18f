import assert from "node:assert/strict";
import { test } from "node:test";
import { unescapeRbsp } from "../rbsp.ts";
import { isA53Captions, SEI, SeiWalker } from "../sei.ts";
import { readSamples } from "../testing/corpus.ts";
import { h264BeginsAccessUnit } from "./picture.ts";
import { type H264Slice, isSecondField, parseH264Slice } from "./slice.ts";
import { type H264Sps, parseH264Sps } from "./sps.ts";

const samples = readSamples("video-headers.tsv");
const of = (source: string, kind: string) =>
  samples.filter((s) => s.source === source && s.kind === kind).map((s) => s.bytes);

test("pairs the fields of an interlaced broadcast", () => {
  const source = "ts/eac3/test-026.ts";
  const sps = parseH264Sps(of(source, "h264")[0] as Uint8Array) as H264Sps;
  const slices = of(source, "h264-slice").map((nal) => parseH264Slice(nal, sps) as H264Slice);
  assert.deepEqual(
    slices.map((s) => [s.frameNum, s.field, s.bottom]),
    [
      [136, true, false],
      [136, true, true],
      [137, true, false],
      [137, true, true],
    ],
  );
  const [a, b, c, d] = slices as [H264Slice, H264Slice, H264Slice, H264Slice];
  assert.deepEqual([isSecondField(a, b), isSecondField(b, c), isSecondField(c, d)], [true, false, true]);
});

test("slices of one picture continue it, the first of another begins one", () => {
  // A German broadcaster cuts its key frames into four slices.
  const nals = of("ts/ac3/dvb-h264-ac3-segments/s_00000.ts", "h264-slice");
  assert.deepEqual(
    nals.map((nal) => h264BeginsAccessUnit(nal, 0)),
    [true, false, false, false],
  );
  const sps = parseH264Sps(of("ts/ac3/dvb-h264-ac3-segments/s_00000.ts", "h264")[0] as Uint8Array) as H264Sps;
  const slices = nals.map((nal) => parseH264Slice(nal, sps));
  assert.ok(slices.every((slice) => slice?.idr && slice.frameNum === 0 && !slice.field));
  assert.equal(h264BeginsAccessUnit(Uint8Array.of(0x09, 0xf0), 0), true);
  assert.equal(h264BeginsAccessUnit(Uint8Array.of(0x0c, 0xff), 0), false);
});

test("finds closed captions in the supplemental information", () => {
  const nal = of("ts/h264-aac/main.ts", "h264-sei")[2] as Uint8Array;
  const walker = new SeiWalker();
  walker.open(nal, 1, nal.length);
  assert.equal(walker.next(), true);
  assert.equal(walker.type, SEI.userDataRegistered);
  const payload = unescapeRbsp(nal, walker.start, walker.end);
  assert.equal(payload.length, walker.size);
  assert.equal(isA53Captions(payload), true);
  assert.equal(isA53Captions(payload.subarray(1)), false);
  assert.equal(walker.next(), false);
});
