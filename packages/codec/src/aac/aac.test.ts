import assert from "node:assert/strict";
import { test } from "node:test";
import { BitWriter, fromHex, hex } from "@millrace/bytes";
import { MillraceError } from "@millrace/model";
import fc from "fast-check";
import {
  adtsFields,
  adtsToAudioSpecificConfig,
  emptyAdtsHeader,
  parseAdts,
  writeAdtsHeader,
} from "./adts.ts";
import {
  AAC_SAMPLE_RATES,
  type AudioSpecificConfig,
  aacCodecString,
  buildAudioSpecificConfig,
  parseAudioSpecificConfig,
} from "./audio-specific-config.ts";
import { buildLoasFrame, LatmParser } from "./latm.ts";

const configs: readonly [string, string, Partial<AudioSpecificConfig>, string][] = [
  ["AAC-LC stereo", "1210", { objectType: 2, sampleRate: 44_100, channels: 2, sbr: false }, "mp4a.40.2"],
  ["AAC-LC 5.1", "11b0", { sampleRate: 48_000, channels: 6 }, "mp4a.40.2"],
  [
    "HE-AAC, explicit",
    "2b920800",
    { objectType: 2, sampleRate: 22_050, outputSampleRate: 44_100, channels: 2, sbr: true, ps: false },
    "mp4a.40.5",
  ],
  [
    "HE-AAC v2, explicit",
    "eb098800",
    { objectType: 2, sampleRate: 24_000, outputSampleRate: 48_000, channels: 1, sbr: true, ps: true },
    "mp4a.40.29",
  ],
  [
    "HE-AAC, backward compatible",
    "139056e5a0",
    { objectType: 2, sampleRate: 22_050, outputSampleRate: 44_100, sbr: true, ps: false },
    "mp4a.40.2",
  ],
  ["a rate spelt out", "17805dc010", { sampleRate: 48_000, channels: 2 }, "mp4a.40.2"],
  ["frames of 960 samples", "1214", { frameSamples: 960 }, "mp4a.40.2"],
  ["a sync extension that says no SBR", "121056e500", { sbr: false, sampleRate: 44_100 }, "mp4a.40.2"],
];
for (const [name, bytes, expected, codec] of configs) {
  test(`AudioSpecificConfig: ${name}`, () => {
    const config = parseAudioSpecificConfig(fromHex(bytes)) as AudioSpecificConfig;
    assert.deepEqual({ ...config, ...expected }, config);
    assert.equal(aacCodecString(config), codec);
  });
}

test("a configuration cut short or of reserved rate is none", () => {
  for (const bytes of ["", "12", "1690", "0010"]) {
    assert.equal(parseAudioSpecificConfig(fromHex(bytes)), undefined, bytes);
  }
});

const fields = fc.record({
  objectType: fc.integer({ min: 1, max: 4 }),
  sampleRate: fc.constantFrom(...AAC_SAMPLE_RATES),
  channelConfig: fc.integer({ min: 1, max: 7 }),
});

test("a configuration goes through build and parse, and through ADTS", () => {
  fc.assert(
    fc.property(fields, fc.uint8Array({ maxLength: 8184 }), (wanted, frame) => {
      const bytes = buildAudioSpecificConfig(wanted);
      const config = parseAudioSpecificConfig(bytes) as AudioSpecificConfig;
      assert.deepEqual({ ...config, ...wanted }, config);
      const adts = new Uint8Array(7 + frame.length);
      writeAdtsHeader(adts, adtsFields(config), frame.length);
      adts.set(frame, 7);
      const header = emptyAdtsHeader();
      assert.equal(parseAdts(adts, 0, header), adts.length);
      assert.equal(header.sampleRate, wanted.sampleRate);
      assert.equal(header.headerLength, 7);
      assert.deepEqual(adtsToAudioSpecificConfig(adts, 0, header), bytes);
    }),
  );
});

test("rates outside the table are spelt out and cannot go into ADTS", () => {
  const bytes = buildAudioSpecificConfig({ objectType: 2, sampleRate: 37_800, channelConfig: 2 });
  const config = parseAudioSpecificConfig(bytes) as AudioSpecificConfig;
  assert.equal(config.sampleRate, 37_800);
  assert.throws(() => adtsFields(config), MillraceError);
  assert.throws(
    () => writeAdtsHeader(new Uint8Array(7), { objectType: 2, sampleRate: 48_000, channelConfig: 2 }, 8185),
    { code: "codec.unbuildable" },
  );
  assert.throws(() => buildAudioSpecificConfig({ objectType: 5, sampleRate: 48_000, channelConfig: 2 }));
});

test("channels out of a program config element survive the way from ADTS to a configuration", () => {
  // Front: a pair and a single; back: a pair; one low-frequency element.
  const pce = new BitWriter();
  pce
    .bits(5, 3)
    .bits(0, 4)
    .bits(1, 2)
    .bits(4, 4)
    .bits(2, 4)
    .bits(0, 4)
    .bits(1, 4)
    .bits(1, 2)
    .bits(0, 3)
    .bits(0, 4);
  pce.bit(0).bit(0).bit(0).bit(0).bits(0, 4).bit(1).bits(0, 4).bit(1).bits(1, 4).bits(0, 4);
  pce.align().bits(2, 8).bits(0x6869, 16);
  const element = pce.toBytes();
  const adts = new Uint8Array(7 + element.length + 20);
  writeAdtsHeader(adts, { objectType: 2, sampleRate: 44_100, channelConfig: 0 }, element.length + 20);
  adts.set(element, 7);
  const header = emptyAdtsHeader();
  assert.equal(parseAdts(adts, 0, header), adts.length);
  assert.equal(header.channels, 6);
  const config = parseAudioSpecificConfig(adtsToAudioSpecificConfig(adts, 0, header) as Uint8Array);
  assert.deepEqual([config?.channels, config?.channelConfig, config?.sampleRate], [6, 0, 44_100]);
});

test("a frame goes into LOAS and comes out unchanged", () => {
  const latm = new LatmParser();
  fc.assert(
    fc.property(fields, fc.uint8Array({ minLength: 1, maxLength: 1500 }), (wanted, frame) => {
      const bytes = buildAudioSpecificConfig(wanted);
      const loas = buildLoasFrame(bytes, frame);
      assert.equal(loas.length, 3 + (((loas[1] as number) & 0x1f) << 8) + (loas[2] as number));
      assert.equal(latm.parse(loas.subarray(3)), true);
      assert.equal(latm.frames.length, 1);
      assert.equal(hex(latm.frames[0] as Uint8Array), hex(frame));
      assert.equal(latm.config?.sampleRate, wanted.sampleRate);
      assert.equal(latm.config?.channelConfig, wanted.channelConfig);
    }),
  );
});

test("an element that leans on a configuration needs one", () => {
  const latm = new LatmParser();
  assert.equal(latm.parse(fromHex("80ffff")), false);
  assert.equal(latm.failure, "no-config");
});

test("several frames in an element, a configuration with length, other data and CRC", () => {
  // audioMuxVersion 1: buffer fullness, two sub-frames, one program, one layer, the configuration of 16 bits.
  const writer = new BitWriter();
  writer.bit(0).bit(1).bit(0).bits(0, 2).bits(0xff, 8).bit(1).bits(1, 6).bits(0, 4).bits(0, 3);
  writer.bits(0, 2).bits(16, 8).bits(0x1210, 16).bits(0, 3).bits(0xff, 8).bit(1).bits(0, 2).bits(8, 8);
  writer.bit(1).bits(0x5a, 8);
  writer
    .bits(3, 8)
    .bits(0x010203, 24)
    .bits(255, 8)
    .bits(1, 8)
    .bytes(new Uint8Array(256).fill(7))
    .bits(0xee, 8);
  const element = writer.align().toBytes();
  const latm = new LatmParser();
  assert.equal(latm.parse(element), true);
  assert.deepEqual(latm.frames, [Uint8Array.of(1, 2, 3), new Uint8Array(256).fill(7)]);
  assert.equal(hex(latm.configBytes as Uint8Array), "1210");
  assert.equal(latm.parse(element.subarray(0, 100)), false);
  assert.equal(latm.failure, "damaged");
});

test("elements of several programs are refused by name", () => {
  const writer = new BitWriter();
  writer.bit(0).bit(0).bit(1).bits(0, 6).bits(1, 4).bits(0, 3).bits(0, 40);
  const latm = new LatmParser();
  assert.equal(latm.parse(writer.toBytes()), false);
  assert.equal(latm.failure, "unsupported");
});
