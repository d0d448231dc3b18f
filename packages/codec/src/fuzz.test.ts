/** No bytes make a parser throw, hang or point outside its input. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { adtsToAudioSpecificConfig, emptyAdtsHeader, parseAdts } from "./aac/adts.ts";
import { parseAudioSpecificConfig } from "./aac/audio-specific-config.ts";
import { LatmParser, parseLoas } from "./aac/latm.ts";
import { emptyAc3Header, parseAc3, parseDac3 } from "./audio/ac3.ts";
import { buildDec3, dec3Format, parseDec3 } from "./audio/dec3.ts";
import { parseDts } from "./audio/dts.ts";
import { emptyEac3Header, parseEac3 } from "./audio/eac3.ts";
import { parseMpa } from "./audio/mpa.ts";
import { emptyOpusTsHeader, parseDops, parseOpusHead, parseOpusTs } from "./audio/opus.ts";
import { type AudioFrameHeader, type AudioFrameParser, emptyAudioFrameHeader } from "./frame.ts";
import { FrameFinder } from "./frame-finder.ts";
import { parseAvcConfig } from "./h264/avcc.ts";
import { H264ParameterSets } from "./h264/parameter-sets.ts";
import { h264BeginsAccessUnit } from "./h264/picture.ts";
import { parseH264Slice } from "./h264/slice.ts";
import { parseHevcConfig } from "./h265/hvcc.ts";
import { H265ParameterSets } from "./h265/parameter-sets.ts";
import { h265BeginsAccessUnit } from "./h265/picture.ts";
import { id3Length, parseId3Frames } from "./meta/id3.ts";
import { NalList } from "./nal.ts";
import { parseSpliceInfo } from "./scte35/section.ts";
import { SeiWalker } from "./sei.ts";
import { readLines, readSamples } from "./testing/corpus.ts";
import { inspectMpeg2, parseMpeg2Sequence } from "./video/mpeg2.ts";
import { inspectMpeg4, parseMpeg4Headers } from "./video/mpeg4.ts";
import { emptyPictureInfo } from "./video/picture.ts";

const samples = [...readSamples("audio-headers.tsv"), ...readSamples("video-headers.tsv")];
const cues = readLines("scte35.tsv").map((line) => Uint8Array.from(Buffer.from(line[1] as string, "base64")));

/** A seed with bytes overwritten, taken out and put in, cut at the end; or plain noise. */
function mutated(seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edits = fc.array(fc.record({ at: fc.nat(400), byte: fc.nat(255), how: fc.nat(3) }), { maxLength: 6 });
  const broken = fc.tuple(fc.constantFrom(...seeds), edits, fc.nat(600)).map(([seed, list, length]) => {
    const bytes = [...seed];
    for (const { at, byte, how } of list) {
      const index = at % Math.max(1, bytes.length);
      if (how === 0) bytes.splice(index, 1);
      else if (how === 1) bytes.splice(index, 0, byte);
      else bytes[index] = how === 2 ? byte : (bytes[index] ?? 0) ^ (1 << (byte & 7));
    }
    return Uint8Array.from(bytes.slice(0, length));
  });
  return fc.oneof(
    { weight: 5, arbitrary: broken },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  );
}

const seedsOf = (...kinds: string[]) => samples.filter((s) => kinds.includes(s.kind)).map((s) => s.bytes);

function fuzz(name: string, seeds: readonly Uint8Array[], check: (bytes: Uint8Array) => void): void {
  assert.ok(seeds.length > 0, name);
  test(`fuzz: ${name}`, () => {
    for (const seed of seeds) check(seed);
    fc.assert(fc.property(mutated(seeds), check), { numRuns: 1500 });
  });
}

/** Walks all frames; every step must move on and stay inside. */
function walk<H extends AudioFrameHeader>(parse: AudioFrameParser<H>, make: () => H) {
  return (bytes: Uint8Array) => {
    const finder = new FrameFinder(parse, make);
    let at = 0;
    for (;;) {
      const found = finder.next(bytes, at);
      if (found < 0) break;
      assert.ok(found >= at && finder.header.frameLength > 0);
      assert.ok(found + finder.header.frameLength <= bytes.length);
      assert.ok(finder.header.headerLength <= finder.header.frameLength);
      at = found + finder.header.frameLength;
    }
    assert.ok(finder.keepFrom >= at && finder.keepFrom <= Math.max(at, bytes.length));
  };
}

fuzz("ADTS", seedsOf("adts"), (bytes) => {
  walk(parseAdts, emptyAdtsHeader)(bytes);
  const header = emptyAdtsHeader();
  if (parseAdts(bytes, 0, header) > 0) adtsToAudioSpecificConfig(bytes, 0, header);
});
fuzz("AC-3", seedsOf("ac3"), walk(parseAc3, emptyAc3Header));
fuzz("E-AC-3", seedsOf("eac3"), (bytes) => {
  walk(parseEac3, emptyEac3Header)(bytes);
  buildDec3(bytes);
});
fuzz("MPEG audio", seedsOf("mpa"), walk(parseMpa, emptyAudioFrameHeader));
fuzz("DTS", seedsOf("dts"), walk(parseDts, emptyAudioFrameHeader));
fuzz("Opus in TS", seedsOf("opus-ts"), walk(parseOpusTs, emptyOpusTsHeader));
fuzz("LATM", seedsOf("latm"), (bytes) => {
  walk(parseLoas, emptyAudioFrameHeader)(bytes);
  const latm = new LatmParser();
  for (const at of [0, 3]) {
    latm.parse(bytes.subarray(at));
    for (const frame of latm.frames) assert.ok(frame.length <= bytes.length);
  }
});
fuzz("configuration records", [Uint8Array.of(0x12, 0x10), ...seedsOf("adts")], (bytes) => {
  parseAudioSpecificConfig(bytes);
  parseDac3(bytes);
  const dec3 = parseDec3(bytes);
  if (dec3) dec3Format(dec3);
  parseDops(bytes);
  parseOpusHead(bytes);
  parseAvcConfig(bytes);
  parseHevcConfig(bytes);
  id3Length(bytes, 0);
  parseId3Frames(bytes);
});

/** Takes in the bytes as one unit and as an Annex B run, and reads off all there is. */
function videoHeaders(make: () => H264ParameterSets | H265ParameterSets) {
  const info = emptyPictureInfo();
  const nals = new NalList();
  return (bytes: Uint8Array) => {
    const sets = make();
    sets.add(bytes);
    nals.scanAnnexB(bytes, 0, bytes.length);
    sets.collect(bytes, nals);
    nals.clear();
    if (bytes.length > 0) nals.add(0, bytes.length);
    sets.inspect(bytes, nals, info);
    sets.load(bytes);
    const { format, config, codecString } = sets;
    if (format) assert.ok(format.width > 0 && format.height > 0);
    if (config) assert.equal(make().load(config), true);
    assert.equal(codecString === undefined, format === undefined);
  };
}
fuzz("H.264 headers", seedsOf("h264", "h264-slice", "h264-sei"), (bytes) => {
  videoHeaders(() => new H264ParameterSets())(bytes);
  if (bytes.length > 0) h264BeginsAccessUnit(bytes, 0);
  const sets = new H264ParameterSets();
  for (const seed of seedsOf("h264").slice(0, 2)) sets.add(seed);
  if (sets.sps) parseH264Slice(bytes, sets.sps);
});
fuzz("H.265 headers", seedsOf("h265", "h265-slice"), (bytes) => {
  videoHeaders(() => new H265ParameterSets())(bytes);
  if (bytes.length > 0) h265BeginsAccessUnit(bytes, 0);
});
fuzz("configuration records of H.264 and H.265", recordSeeds(), (bytes) => {
  videoHeaders(() => new H264ParameterSets())(bytes);
  videoHeaders(() => new H265ParameterSets())(bytes);
});
fuzz("SEI", seedsOf("h264-sei"), (bytes) => {
  const walker = new SeiWalker();
  walker.open(bytes, Math.min(1, bytes.length), bytes.length);
  let last = 0;
  while (walker.next()) {
    assert.ok(walker.start >= last && walker.end <= bytes.length && walker.end - walker.start >= walker.size);
    last = walker.end;
  }
});
fuzz("MPEG-2 and MPEG-4 video", seedsOf("mpeg2video", "mpeg4"), (bytes) => {
  const info = emptyPictureInfo();
  parseMpeg2Sequence(bytes, 0);
  inspectMpeg2(bytes, { start: 0, end: bytes.length }, info);
  parseMpeg4Headers(bytes);
  inspectMpeg4(bytes, info);
});
fuzz("SCTE 35", cues, (bytes) => {
  parseSpliceInfo(bytes);
});

/** Records made of the sets of one capture each. */
function recordSeeds(): Uint8Array[] {
  const h264 = new H264ParameterSets();
  for (const sample of samples.filter((s) => s.source.endsWith("test-026.ts") && s.kind === "h264")) {
    h264.add(sample.bytes);
  }
  const h265 = new H265ParameterSets();
  for (const sample of samples.filter((s) => s.source.endsWith("hdr10.mp4") && s.kind === "h265")) {
    h265.add(sample.bytes);
  }
  return [h264.config as Uint8Array, h265.config as Uint8Array];
}
