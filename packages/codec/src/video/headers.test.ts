import assert from "node:assert/strict";
import { test } from "node:test";
import type { VideoFormat } from "@millrace/model";
import { parseAvcConfig } from "../h264/avcc.ts";
import { H264ParameterSets } from "../h264/parameter-sets.ts";
import { parseHevcConfig } from "../h265/hvcc.ts";
import { H265ParameterSets } from "../h265/parameter-sets.ts";
import { NalList } from "../nal.ts";
import { readSamples } from "../testing/corpus.ts";
import { parseMpeg2Sequence } from "./mpeg2.ts";
import { parseMpeg4Headers } from "./mpeg4.ts";
import { emptyPictureInfo, FRAME_I, FRAME_P } from "./picture.ts";

const samples = readSamples("video-headers.tsv");
const of = (source: string, kind: string) =>
  samples.filter((s) => s.source === source && s.kind === kind).map((s) => s.bytes);

/** Size, profile, level, rate, SAR and colour as ffprobe reads them off the same captures. */
const expected: readonly {
  source: string;
  kind: "h264" | "h265";
  string: string;
  format: Partial<VideoFormat>;
}[] = [
  {
    source: "ts/h264-aac/bear-640x360.ts",
    kind: "h264",
    string: "avc1.64001e",
    format: { width: 640, height: 360, profile: 100, level: 30, frameRate: { num: 30_000, den: 1001 } },
  },
  {
    source: "ts/h264-aac/test.ts",
    kind: "h264",
    string: "avc1.640014",
    format: { width: 160, height: 100, profile: 100, level: 20, sar: { num: 1, den: 1 } },
  },
  {
    source: "ts/h264-aac/bipbop0.ts",
    kind: "h264",
    string: "avc1.42e00b",
    format: {
      width: 192,
      height: 144,
      profile: 66,
      level: 11,
      colour: { primaries: 6, transfer: 1, matrix: 6, fullRange: false },
    },
  },
  {
    source: "ts/h264-aac/test-072.ts",
    kind: "h264",
    string: "avc1.64001f",
    format: {
      width: 1024,
      height: 576,
      profile: 100,
      level: 31,
      frameRate: { num: 25, den: 1 },
      colour: { primaries: 5, transfer: 2, matrix: 5, fullRange: false },
    },
  },
  {
    source: "ts/h264-aac/main.ts",
    kind: "h264",
    string: "avc1.4d400d",
    format: { width: 416, height: 234, profile: 77, level: 13 },
  },
  {
    source: "ts/ac3/dvb-h264-ac3-segments/s_00000.ts",
    kind: "h264",
    string: "avc1.64001e",
    format: { width: 720, height: 576, sar: { num: 64, den: 45 }, frameRate: { num: 25, den: 1 } },
  },
  {
    source: "ts/eac3/test-026.ts",
    kind: "h264",
    string: "avc1.640028",
    format: { width: 1920, height: 1080, level: 40, interlaced: true, frameRate: { num: 25, den: 1 } },
  },
  {
    source: "ts/other-audio/opus2880_h264.ts",
    kind: "h264",
    string: "avc1.42001f",
    format: { width: 1280, height: 700, interlaced: false },
  },
  {
    source: "mp4/long_1080p_lowbitrate.mp4",
    kind: "h264",
    string: "avc1.42c028",
    format: { width: 1920, height: 1080, profile: 66, level: 40 },
  },
  {
    source: "ts/hevc/bear-640x360-hevc.ts",
    kind: "h265",
    string: "hvc1.1.6.L63.90",
    format: { width: 640, height: 360, profile: 1, level: 63, frameRate: { num: 30_000, den: 1001 } },
  },
  {
    source: "ts/hevc/portrait_hevc_aac_seg0.ts",
    kind: "h265",
    string: "hvc1.1.6.L93.90",
    format: { width: 720, height: 1280, level: 93, frameRate: { num: 30, den: 1 }, bitDepth: 8 },
  },
  {
    source: "ts/hevc/obs_hevc_aac.ts",
    kind: "h265",
    string: "hvc1.1.6.L120.B0",
    format: {
      width: 640,
      height: 360,
      level: 120,
      colour: { primaries: 1, transfer: 1, matrix: 1, fullRange: false },
    },
  },
  {
    source: "ts/hevc/sample_h265_rps_pred.ts",
    kind: "h265",
    string: "hvc1.1.6.L63.90",
    format: { width: 914, height: 686, sar: { num: 2740, den: 2739 }, frameRate: { num: 15, den: 1 } },
  },
  {
    source: "mp4/bear-640x360-hevc-hdr10.mp4",
    kind: "h265",
    string: "hvc1.2.4.L63.90",
    format: {
      width: 640,
      height: 360,
      profile: 2,
      bitDepth: 10,
      colour: { primaries: 9, transfer: 16, matrix: 9, fullRange: false },
    },
  },
];

for (const { source, kind, string, format } of expected) {
  test(`parameter sets of ${source}`, () => {
    const sets = kind === "h264" ? new H264ParameterSets() : new H265ParameterSets();
    const nals = of(source, kind);
    for (const nal of nals) assert.equal(sets.add(nal), true);
    for (const nal of nals) assert.equal(sets.add(nal), false);
    assert.equal(sets.version, nals.length);
    assert.equal(sets.codecString, string);
    const got = sets.format as VideoFormat;
    assert.deepEqual({ ...got, ...format }, got);

    const config = sets.config as Uint8Array;
    const record = kind === "h264" ? parseAvcConfig(config) : parseHevcConfig(config);
    assert.equal(record?.lengthSize, 4);
    const loaded = kind === "h264" ? new H264ParameterSets() : new H265ParameterSets();
    assert.equal(loaded.load(config), true);
    assert.deepEqual(loaded.nals, sets.nals);
    assert.deepEqual(loaded.format, got);
  });
}

test("a configuration record is built byte for byte as ISO/IEC 14496-15 has it", () => {
  const sets = new H264ParameterSets();
  const [sps, pps] = of("ts/h264-aac/bear-640x360.ts", "h264") as [Uint8Array, Uint8Array];
  sets.add(sps);
  sets.add(pps);
  const head = [1, 0x64, 0x00, 0x1e, 0xff, 0xe1, 0, sps.length];
  const bytes = [...head, ...sps, 1, 0, pps.length, ...pps, 0xfd, 0xf8, 0xf8, 0];
  assert.deepEqual([...(sets.config as Uint8Array)], bytes);
});

/** A list with each of the units in one buffer. */
function listOf(units: readonly Uint8Array[]): { buf: Uint8Array; nals: NalList } {
  const nals = new NalList();
  let at = 0;
  for (const unit of units) {
    nals.add(at, at + unit.length);
    at += unit.length;
  }
  return { buf: Buffer.concat(units), nals };
}

test("tells pictures apart: IDR, recovery point, predicted", () => {
  const sets = new H264ParameterSets();
  const info = emptyPictureInfo();
  const source = "ts/h264-aac/bear-640x360.ts";
  const [idr, predicted] = of(source, "h264-slice") as [Uint8Array, Uint8Array];
  const look = (units: readonly Uint8Array[]) => {
    const { buf, nals } = listOf(units);
    sets.inspect(buf, nals, info);
    return { key: info.key, idr: info.idr, type: info.frameType, sets: info.parameterSets };
  };
  assert.deepEqual(look([...of(source, "h264"), idr]), { key: true, idr: true, type: FRAME_I, sets: true });
  assert.deepEqual(look([predicted]), { key: false, idr: false, type: FRAME_P, sets: false });
  // The first holds buffering period, recovery point and picture timing; the second picture timing alone.
  const [opening, timing] = of("ts/eac3/test-026.ts", "h264-sei") as [Uint8Array, Uint8Array];
  assert.equal(look([opening, predicted]).key, true);
  assert.equal(look([timing, predicted]).key, false);
  const recovery = Uint8Array.of(6, 0, 2, 0, 0, 6, 1, 0xc4, 0x80);
  assert.deepEqual(look([recovery, predicted]), { key: true, idr: false, type: FRAME_P, sets: false });
  // The emulation prevention byte in the first message does not count into its size.
  const escaped = Uint8Array.of(6, 0, 4, 0, 0, 3, 1, 1, 6, 1, 0xc4, 0x80);
  assert.equal(look([escaped, predicted]).key, true);
});

test("tells H.265 pictures apart", () => {
  const sets = new H265ParameterSets();
  const info = emptyPictureInfo();
  const source = "ts/hevc/portrait_hevc_aac_seg0.ts";
  for (const nal of of(source, "h265")) sets.add(nal);
  const [first, second] = of(source, "h265-slice") as [Uint8Array, Uint8Array];
  let { buf, nals } = listOf([...of(source, "h265"), first]);
  sets.inspect(buf, nals, info);
  assert.equal(info.key && info.intra && info.parameterSets, true);
  ({ buf, nals } = listOf([second]));
  sets.inspect(buf, nals, info);
  assert.deepEqual([info.key, info.intra, info.slices], [false, false, 1]);
});

const mpeg2: readonly [string, Partial<VideoFormat>][] = [
  [
    "ts/mpeg2-mp2/test-025.ts",
    { width: 720, height: 576, sar: { num: 64, den: 45 }, frameRate: { num: 25, den: 1 }, interlaced: true },
  ],
  [
    "ts/mpeg2-mp2/sample_h262_mpeg_audio.ts",
    { width: 640, height: 426, sar: { num: 1, den: 1 }, frameRate: { num: 30_000, den: 1001 }, level: 8 },
  ],
  ["ts/mpeg2-mp2/bbb_2500ms.ts", { width: 1920, height: 1080, frameRate: { num: 24, den: 1 }, level: 4 }],
  ["ts/subtitles/sample_TS_dvbsub_at_video_start.ts", { width: 128, height: 96 }],
];
for (const [source, format] of mpeg2) {
  test(`sequence header of ${source}`, () => {
    const sequence = parseMpeg2Sequence(of(source, "mpeg2video")[0] as Uint8Array, 0);
    const got = sequence?.format as VideoFormat;
    assert.deepEqual({ ...got, ...format, profile: 4, chroma: "4:2:0" }, got);
    assert.equal(sequence?.mpeg1, false);
  });
}

test("video object layer of an MPEG-4 part 2 stream", () => {
  const format = parseMpeg4Headers(of("ts/other-audio/sample_h263.ts", "mpeg4")[0] as Uint8Array);
  assert.equal(format?.width, 640);
  assert.equal(format?.height, 360);
});
