import assert from "node:assert/strict";
import { test } from "node:test";
import { BitWriter, hex } from "@millrace/bytes";
import { emptyAdtsHeader, parseAdts } from "../aac/adts.ts";
import { LatmParser, parseLoas } from "../aac/latm.ts";
import { type AudioFrameHeader, emptyAudioFrameHeader, NEED_MORE, NO_FRAME } from "../frame.ts";
import { FrameFinder, frameFinder } from "../frame-finder.ts";
import { readSamples } from "../testing/corpus.ts";
import { buildDac3, emptyAc3Header, parseAc3, parseDac3 } from "./ac3.ts";
import { buildDec3, dec3Format, parseDec3, writeDec3 } from "./dec3.ts";
import { parseDts } from "./dts.ts";
import { emptyEac3Header, parseEac3, parseEac3Frame, readEac3Details } from "./eac3.ts";
import { mpaCodecString, parseMpa } from "./mpa.ts";
import { emptyOpusTsHeader, parseOpusTs } from "./opus.ts";

const samples = readSamples("audio-headers.tsv");
const of = (source: string) => samples.find((sample) => sample.source === source)?.bytes as Uint8Array;

/** Readings of ffprobe on the same captures; lengths by the sizes of its packets. */
const headers: readonly {
  source: string;
  parse: (buf: Uint8Array, out: AudioFrameHeader) => number;
  make: () => AudioFrameHeader;
  expected: Partial<AudioFrameHeader>;
}[] = [
  {
    source: "audio-es/bear.adts",
    parse: (buf, out) => parseAdts(buf, 0, out as ReturnType<typeof emptyAdtsHeader>),
    make: emptyAdtsHeader,
    expected: {
      frameLength: 532,
      headerLength: 7,
      sampleRate: 44_100,
      channels: 2,
      samples: 1024,
      profile: 2,
    },
  },
  {
    source: "audio-es/bear.ac3",
    parse: (buf, out) => parseAc3(buf, 0, out as ReturnType<typeof emptyAc3Header>),
    make: emptyAc3Header,
    expected: {
      frameLength: 834,
      sampleRate: 44_100,
      channels: 2,
      samples: 1536,
      bitrate: 192_000,
      profile: 8,
    },
  },
  {
    source: "ts/ac3/ac3.ts",
    parse: (buf, out) => parseAc3(buf, 0, out as ReturnType<typeof emptyAc3Header>),
    make: emptyAc3Header,
    expected: { frameLength: 1536, sampleRate: 48_000, channels: 6, bitrate: 384_000 },
  },
  {
    source: "ts/eac3/sample_eac3joc.ts",
    parse: (buf, out) => parseEac3(buf, 0, out as ReturnType<typeof emptyEac3Header>),
    make: emptyEac3Header,
    expected: { frameLength: 2560, sampleRate: 48_000, channels: 6, samples: 1536, bitrate: 640_000 },
  },
  {
    source: "audio-es/count_english.mp3",
    parse: (buf, out) => parseMpa(buf, 0, out),
    make: emptyAudioFrameHeader,
    expected: {
      frameLength: 156,
      sampleRate: 22_050,
      channels: 2,
      samples: 576,
      bitrate: 48_000,
      profile: 3,
    },
  },
  {
    source: "ts/mpeg2-mp2/test-025.ts",
    parse: (buf, out) => parseMpa(buf, 0, out),
    make: emptyAudioFrameHeader,
    expected: {
      frameLength: 576,
      sampleRate: 48_000,
      channels: 2,
      samples: 1152,
      bitrate: 192_000,
      profile: 2,
    },
  },
  {
    source: "ts/other-audio/sample_h264_dts_audio.ts",
    parse: (buf, out) => parseDts(buf, 0, out),
    make: emptyAudioFrameHeader,
    expected: { frameLength: 2048, sampleRate: 44_100, channels: 1, samples: 512 },
  },
  {
    source: "ts/other-audio/opus2880_h264.ts",
    parse: (buf, out) => parseOpusTs(buf, 0, out as ReturnType<typeof emptyOpusTsHeader>),
    make: emptyOpusTsHeader,
    expected: { frameLength: 331, headerLength: 4, sampleRate: 48_000, channels: 1, samples: 2880 },
  },
];
for (const { source, parse, make, expected } of headers) {
  test(`frame header of ${source}`, () => {
    const out = make();
    const bytes = of(source);
    assert.equal(parse(bytes, out), expected.frameLength);
    assert.deepEqual({ ...out, ...expected }, { ...out });
    // Cut anywhere, the header is either not there yet or the same.
    for (let end = 0; end < Math.min(40, bytes.length); end++) {
      const short = parse(bytes.subarray(0, end), make());
      assert.ok(short === NEED_MORE || short === expected.frameLength, `${end} bytes: ${short}`);
    }
    const spoilt = bytes.slice();
    spoilt[0] = 0x12;
    assert.equal(parse(spoilt, make()), NO_FRAME);
  });
}

test("MPEG audio names itself by layer", () => {
  const out = emptyAudioFrameHeader();
  parseMpa(of("audio-es/count_english.mp3"), 0, out);
  assert.equal(mpaCodecString(out), "mp4a.40.34");
  parseMpa(of("ts/mpeg2-mp2/test-025.ts"), 0, out);
  assert.equal(mpaCodecString(out), "mp4a.6B");
});

const mpaLengths: readonly [string, string, number, number][] = [
  ["MPEG-1 layer I, 448 kbit/s at 48 kHz", "fffee400", 448, 384],
  ["MPEG-1 layer III, 128 kbit/s at 44.1 kHz, padded", "fffb9200", 418, 1152],
  ["MPEG-2.5 layer III, 8 kbit/s at 8 kHz", "ffe31800", 72, 576],
];
for (const [name, bytes, length, count] of mpaLengths) {
  test(`length of ${name}`, () => {
    const out = emptyAudioFrameHeader();
    assert.equal(parseMpa(Uint8Array.from(Buffer.from(bytes, "hex")), 0, out), length);
    assert.equal(out.samples, count);
  });
}

test("dac3 says what the frame says", () => {
  const out = emptyAc3Header();
  parseAc3(of("ts/ac3/ac3.ts"), 0, out);
  const expected = { sampleRate: 48_000, channels: 6, bitrate: 384_000, bsid: 8, bsmod: 0 };
  const payload = buildDac3(out);
  assert.equal(hex(payload), "103dc0");
  assert.deepEqual(parseDac3(payload), expected);
  assert.equal(parseDac3(payload.subarray(0, 2)), undefined);
});

test("dec3 carries the JOC complexity of an Atmos stream", () => {
  const unit = new Uint8Array(2560);
  unit.set(of("ts/eac3/sample_eac3joc.ts"));
  const payload = buildDec3(unit) as Uint8Array;
  assert.equal(hex(payload), "1400200f000110");
  assert.equal(parseDec3(payload)?.jocComplexity, 16);
});

/** A made-up E-AC-3 frame of 64 bytes, 48 kHz, six blocks. */
function eac3Frame(fields: {
  type: number;
  id: number;
  acmod: number;
  lfe: number;
  map?: number;
}): Uint8Array {
  const writer = new BitWriter(64);
  writer.bits(0x0b77, 16).bits(fields.type, 2).bits(fields.id, 3).bits(31, 11);
  writer.bits(0, 2).bits(3, 2).bits(fields.acmod, 3).bit(fields.lfe).bits(16, 5).bits(31, 5).bit(0);
  if (fields.type === 1) writer.bit(fields.map !== undefined);
  if (fields.map !== undefined) writer.bits(fields.map, 16);
  const frame = new Uint8Array(64);
  frame.set(writer.toBytes());
  return frame;
}

test("dependent substreams belong to the unit and widen it to 7.1", () => {
  // Lrs/Rrs in a dependent substream beside 5.1.
  const main = eac3Frame({ type: 0, id: 0, acmod: 7, lfe: 1 });
  const surround = eac3Frame({ type: 1, id: 0, acmod: 2, lfe: 0, map: 0x0200 });
  const other = eac3Frame({ type: 0, id: 1, acmod: 2, lfe: 0 });
  const unit = Buffer.concat([main, surround]);
  const out = emptyEac3Header();
  assert.equal(parseEac3(unit, 0, out), 128);
  assert.equal(out.channels, 8);
  assert.equal(parseEac3(Buffer.concat([unit, other, unit]), 0, out), 192);
  assert.equal(out.channels, 8);
  assert.equal(parseEac3(surround, 0, out), NO_FRAME);
  assert.equal(parseEac3(Buffer.concat([unit, main.subarray(0, 4)]), 0, out), NEED_MORE);
  const dec3 = parseDec3(buildDec3(unit) as Uint8Array);
  assert.deepEqual(dec3?.substreams[0]?.channelLocation, 0x02);
  assert.deepEqual(dec3 && dec3Format(dec3), { sampleRate: 48_000, channels: 8 });
  assert.deepEqual(dec3 && parseDec3(writeDec3(dec3)), dec3);
  assert.equal(parseEac3Frame(surround, 0, out), 64);
  assert.equal(readEac3Details(surround, 0, out).channelMap, 0x0200);
});

test("LATM gives raw frames and the configuration inside", () => {
  const bytes = of("ts/other-audio/sample_latm.ts");
  const finder = frameFinder(parseLoas);
  const latm = new LatmParser();
  const sizes: number[] = [];
  for (let at = finder.next(bytes, 0); at >= 0; at = finder.next(bytes, at + finder.header.frameLength)) {
    assert.equal(latm.parse(bytes.subarray(at + 3, at + finder.header.frameLength)), true);
    sizes.push(...latm.frames.map((frame) => frame.length));
  }
  assert.deepEqual(sizes, [279, 279]);
  assert.equal(hex(latm.configBytes as Uint8Array), "2b8a0800");
  assert.equal(latm.config?.sampleRate, 22_050);
  assert.equal(latm.config?.outputSampleRate, 44_100);
  assert.equal(latm.config?.sbr, true);
  assert.equal(latm.configVersion, 1);
});

test("frames are found again after rubbish, and a frame header inside a frame does not deceive", () => {
  const frame = new Uint8Array(576).fill(0x55);
  frame.set([0xff, 0xfc, 0xa4, 0x04]);
  // A false header in the middle, whose frame would not be followed by another.
  frame.set([0xff, 0xfc, 0xb4, 0x04], 300);
  const rubbish = new Uint8Array(100).fill(0xff);
  const buf = Buffer.concat([
    frame.subarray(290),
    frame,
    frame,
    rubbish,
    frame,
    frame,
    frame.subarray(0, 100),
  ]);
  const finder = frameFinder(parseMpa);
  const found: number[] = [];
  for (let at = finder.next(buf, 0); at >= 0; at = finder.next(buf, at + finder.header.frameLength))
    found.push(at);
  assert.deepEqual(found, [286, 862, 1538, 2114]);
  assert.equal(finder.rubbishBytes, 386);
  assert.equal(finder.resyncs, 1);
  assert.equal(finder.keepFrom, 2690);
});

test("the kind of header that a finder fills is the parser's own", () => {
  const finder = new FrameFinder(parseAdts, emptyAdtsHeader);
  const bytes = of("audio-es/bear.adts");
  assert.equal(finder.next(bytes, 0), 0);
  assert.equal(finder.header.channelConfig, 2);
  assert.equal(finder.next(bytes, 532), -1);
  assert.equal(finder.keepFrom, 532);
});
