/** What becomes of the bytes of each codec. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type AmfValue, amfObject, ecmaArray } from "./amf-value.ts";
import { serializeAmf0 } from "./amf0.ts";
import { serializeAudioBody } from "./audio-body.ts";
import { AAC, AAC_BODY, AVC, avcConfig, avcFrame, RAW_AAC, running } from "./body.test-support.ts";
import { AVC_RECORD, bytesOf, collect, hex, IDR, P_SLICE } from "./media.test-support.ts";
import { serializeVideoBody } from "./video-body.ts";

/** name, frame data, bytes of the unit (empty: none), key */
const NALS: readonly (readonly [string, string, string, boolean])[] = [
  ["delimiter and filler go", "00000002 09f0 00000005 6588820011 00000003 0cff80", hex(IDR), true],
  ["parameter set messages stay", "00000002 0605 00000005 6588820011", `000000020605${hex(IDR)}`, true],
  ["empty NAL units go", "00000000 00000005 6588820011", hex(IDR), true],
  ["start codes instead of lengths", "00000001 09f0 00000001 6588820011", hex(IDR), true],
  ["short start codes", "000001 6588820011", hex(IDR), true],
  ["no slice", "00000002 0605", "", false],
  ["length behind the end: what is whole stays", "00000005 6588820011 000000ff 41", hex(IDR), true],
  ["a tag that calls a P slice a key frame", "00000005 419a236360", hex(P_SLICE), false],
];
for (const [name, data, unit, key] of NALS) {
  test(`H.264: ${name}`, () => {
    const { demuxer, units } = running();
    demuxer.video(avcFrame(bytesOf(data)), 0);
    assert.deepEqual(
      units.map((it) => [hex(it.bytes), it.key]),
      unit === "" ? [] : [[unit, key]],
    );
  });
}

test("H.264: units that lack bytes are flagged and counted", () => {
  const { demuxer, units, problems } = running();
  demuxer.video(avcFrame(bytesOf("00000005 6588820011 000000ff 41")), 0);
  assert.deepEqual([units[0]!.discontinuity, demuxer.counters.damaged, problems], [true, 1, ["flv.damaged"]]);
});

test("H.264: lengths of one and two bytes become four", () => {
  for (const [size, data] of [
    [0, "05 6588820011"],
    [1, "0005 6588820011"],
  ] as const) {
    const record = AVC_RECORD.slice();
    record[4] = 0xfc | size;
    const { demuxer, units, changes } = collect();
    demuxer.metadata(["onMetaData", { videocodecid: 7 }]);
    demuxer.video(avcConfig(record), 0);
    demuxer.video(avcFrame(bytesOf(data)), 0);
    assert.equal(hex(units[0]!.bytes), hex(IDR));
    assert.equal(changes[0]![0]!.config![4]! & 3, 3);
  }
});

test("H.264 without a record: parameter sets in band do", () => {
  const { demuxer, units, order, problems } = collect();
  demuxer.metadata(["onMetaData", { videocodecid: 7 }]);
  demuxer.video(avcFrame(P_SLICE, 2), 0);
  const sps = "00000019 67640020acd940c029b011000003000100000300320f183196";
  demuxer.video(avcFrame(bytesOf(`${sps} 00000005 68ebecb22c ${hex(IDR)}`)), 40);
  assert.deepEqual([order, units[0]!.key], [["tracks", 1], true]);
  assert.deepEqual([problems, demuxer.counters.dropped], [["flv.no-config"], 1]);
});

test("records that cannot be read leave the old one in force", () => {
  const { demuxer, units, changes, problems } = running();
  demuxer.video(avcConfig(bytesOf("0164")), 0);
  demuxer.audio(serializeAudioBody({ ...AAC, packetType: "config", data: [bytesOf("00")] }), 0);
  demuxer.video(avcFrame(IDR), 0);
  demuxer.audio(AAC_BODY, 0);
  assert.deepEqual([units.length, changes.length], [2, 1]);
  assert.deepEqual(problems, ["flv.damaged", "flv.config", "flv.damaged", "flv.config"]);
});

test("ADTS headers in AAC bodies go, and tell the configuration where there is none", () => {
  const { demuxer, units, changes } = collect();
  demuxer.metadata(["onMetaData", { audiocodecid: 10 }]);
  const adts = bytesOf("fff15080 017ffc 2110048c");
  demuxer.audio(serializeAudioBody({ ...AAC, packetType: "frames", data: [adts] }), 0);
  assert.deepEqual([hex(units[0]!.bytes), hex(changes[0]![0]!.config!)], [hex(RAW_AAC), "1210"]);
});

/** 417 bytes: MPEG-1 layer III, 128 kbit/s, 44.1 kHz. */
function mp3Frame(): Uint8Array {
  const frame = new Uint8Array(417);
  frame.set([0xff, 0xfb, 0x90, 0x00]);
  return frame;
}

test("MP3: several frames in a body, each with its time; rubbish behind them is counted", () => {
  const { demuxer, units, changes } = collect();
  demuxer.metadata(["onMetaData", { audiocodecid: 2 }]);
  const data = [mp3Frame(), mp3Frame(), bytesOf("0000")];
  demuxer.audio(serializeAudioBody({ codec: "mpa", packetType: "frames", enhanced: false, data }), 100);
  assert.deepEqual(
    units.map(({ pts, bytes }) => [pts, bytes.length]),
    [
      [9000, 417],
      [9000 + Math.round((1152 * 90_000) / 44_100), 417],
    ],
  );
  assert.deepEqual([changes[0]![0]!.codec, changes[0]![0]!.codecString], ["mpa", "mp4a.40.34"]);
  assert.equal(demuxer.counters.damaged, 1);
});

test("Opus: channels from an empty header, and from a multichannel configuration", () => {
  const { demuxer, changes, units } = collect();
  demuxer.metadata(["onMetaData", { audiocodecid: 0x4f707573 }]);
  const opus = { codec: "opus", enhanced: true } as const;
  demuxer.audio(serializeAudioBody({ ...opus, packetType: "config", data: [] }), 0);
  demuxer.audio(serializeAudioBody({ ...opus, packetType: "multichannel", data: [bytesOf("0006")] }), 0);
  demuxer.audio(serializeAudioBody({ ...opus, packetType: "frames", data: [bytesOf("f8ff")] }), 0);
  demuxer.audio(serializeAudioBody({ ...opus, packetType: "frames", data: [bytesOf("ff")] }), 20);
  assert.deepEqual([changes.at(-1)![0]!.audio?.channels, units.length, demuxer.counters.damaged], [6, 1, 1]);
});

test("FLAC: its header in all the forms that are about", () => {
  const info = "1000 1000 000000 000000 0ac442f0 00000000 00000000000000000000000000000000".replaceAll(
    " ",
    "",
  );
  const padded = info.padEnd(68, "0");
  for (const head of ["664c614380000022", "80000022", "", "0000000080000022"]) {
    const { demuxer, changes } = collect();
    demuxer.metadata(["onMetaData", { audiocodecid: 1 }]);
    const flac = { codec: "flac", enhanced: true } as const;
    demuxer.audio(serializeAudioBody({ ...flac, packetType: "config", data: [bytesOf(head + padded)] }), 0);
    demuxer.audio(serializeAudioBody({ ...flac, packetType: "frames", data: [bytesOf("fff8")] }), 0);
    const [track] = changes[0]!;
    assert.deepEqual(track?.audio, { sampleRate: 44_100, channels: 2, frameSamples: 4096 });
    assert.equal(hex(track!.config!), `0000000080000022${padded}`);
  }
});

test("VP9 and VP8: sizes from key frames", () => {
  // 320 × 240
  const frames = [
    ["vp9", "82 498342 00 13f0 0ef0", "00140820 02020200 0000"],
    ["vp8", "100000 9d012a 4001 f000", ""],
  ] as const;
  for (const [codec, frame, record] of frames) {
    const { demuxer, changes, units } = collect();
    demuxer.metadata(["onMetaData", { videocodecid: 1 }]);
    const fields = { codec, enhanced: true, frameType: 1 } as const;
    const config = [bytesOf(record)];
    if (record !== "")
      demuxer.video(serializeVideoBody({ ...fields, packetType: "config", data: config }), 0);
    demuxer.video(serializeVideoBody({ ...fields, packetType: "frames", data: [bytesOf(frame)] }), 0);
    const { width, height } = changes.at(-1)![0]!.video!;
    assert.deepEqual([codec, width, height, units.length], [codec, 320, 240, 1]);
  }
});

test("HDR: colour of a metadata frame", () => {
  const { demuxer, changes } = running();
  const colorConfig = { bitDepth: 10, colorPrimaries: 9, transferCharacteristics: 16, matrixCoefficients: 9 };
  const data = [serializeAmf0(["colorInfo", ecmaArray({ colorConfig: ecmaArray(colorConfig) })])];
  const body = serializeVideoBody({ ...AVC, enhanced: true, packetType: "metadata", data });
  demuxer.video(body, 0);
  demuxer.video(body, 0);
  assert.equal(changes.length, 2);
  assert.deepEqual(changes[1]![0]!.video?.colour, {
    primaries: 9,
    transfer: 16,
    matrix: 9,
    fullRange: false,
  });
  for (const broken of [[], ["colorInfo"], ["other", { colorConfig }], ["colorInfo", { colorConfig: {} }]]) {
    const bad = [serializeAmf0(broken)];
    demuxer.video(serializeVideoBody({ ...AVC, enhanced: true, packetType: "metadata", data: bad }), 0);
  }
  assert.equal(changes.length, 2);
});

test("HDR: an empty colour brings that of the coding back", () => {
  const { demuxer, changes } = running();
  const tell = (colour: AmfValue): void => {
    const data = [serializeAmf0(["colorInfo", colour])];
    demuxer.video(serializeVideoBody({ ...AVC, enhanced: true, packetType: "metadata", data }), 0);
  };
  const own = changes[0]![0]!.video?.colour;
  for (const [i, none] of [undefined, amfObject({})].entries()) {
    tell({ colorConfig: { colorPrimaries: 9, transferCharacteristics: 18, matrixCoefficients: 9 } });
    assert.equal(changes.at(-1)![0]!.video?.colour?.transfer, 18);
    tell(none);
    tell(none);
    assert.deepEqual([changes.length, changes.at(-1)![0]!.video?.colour], [3 + 2 * i, own]);
  }
});

test("nanoseconds", () => {
  const { demuxer, units } = running();
  const fields = { ...AVC, enhanced: true, packetType: "frames", data: [IDR] } as const;
  demuxer.video(serializeVideoBody({ ...fields, compositionMs: 10, nanos: 500_000 }), 1);
  assert.deepEqual([units[0]!.dts, units[0]!.pts], [135, 1035]);
});
