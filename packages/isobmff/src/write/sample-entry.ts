import { BitReader } from "@millrace/bytes";
import { parseHevcConfig } from "@millrace/codec";
import type { Track } from "@millrace/model";
import { IsoProblem } from "../errors.ts";
import { mpegAudioObjectType, mpegVideoObjectType, OTI_AAC, OTI_MPEG4_VIDEO } from "../object-type.ts";
import { canStore } from "../storable.ts";
import { vpConfigOf } from "../vp-config.ts";
import type { BoxWriter } from "./box-writer.ts";
import { writeElementaryStream } from "./descriptor.ts";

const NOTHING = new Uint8Array(0);

/** Writes the sample entry (ISO/IEC 14496-12 §8.5.2) of a track. Throws `isobmff.unstorable`. */
export function writeSampleEntry(writer: BoxWriter, track: Track): void {
  if (!canStore(track))
    throw new IsoProblem("isobmff.unstorable", `${track.codec} cannot be stored so`, "bug");
  if (track.codec === "webvtt") writeTextEntry(writer);
  else if (track.kind === "audio") writeAudioEntry(writer, track);
  else writeVisualEntry(writer, track);
}

/** VisualSampleEntry (ISO/IEC 14496-12 §12.1.3). */
function writeVisualEntry(writer: BoxWriter, track: Track): void {
  const { video } = track;
  const { config = NOTHING } = track;
  const type = visualType(track);
  writer
    .begin(type)
    .zeros(6)
    .u16(1)
    .zeros(16)
    .u16(video?.width ?? 0)
    .u16(video?.height ?? 0)
    // 72 dots per inch, twice; one frame in a sample; no compressor name; 24 bits deep.
    .u32(0x00480000)
    .u32(0x00480000)
    .u32(0)
    .u16(1)
    .zeros(32)
    .u16(0x18)
    .u16(0xffff);
  if (type === "avc1") writer.box("avcC", config);
  else if (type === "hvc1") writer.box("hvcC", completeHevcConfig(config));
  else if (type === "av01") writer.box("av1C", config);
  else if (type !== "mp4v") writer.box("vpcC", vpConfigOf(track));
  else {
    const objectType = track.codec === "mpeg4" ? OTI_MPEG4_VIDEO : mpegVideoObjectType(track);
    writeElementaryStream(writer, { kind: "video", objectType, specific: config });
  }
  writeColour(writer, track);
  writer.end();
}

function visualType({ codec }: Track): string {
  switch (codec) {
    case "h264":
      return "avc1";
    case "h265":
      return "hvc1";
    case "av1":
      return "av01";
    case "vp9":
      return "vp09";
    case "vp8":
      return "vp08";
    default:
      return "mp4v";
  }
}

/** "hvc1" wants array_completeness for all parameter sets (ISO/IEC 14496-15 §8.4.1.1); others leave it open. */
function completeHevcConfig(config: Uint8Array): Uint8Array {
  const parsed = parseHevcConfig(config);
  if (parsed === undefined || parsed.arrays.every(({ complete }) => complete)) return config;
  const copy = config.slice();
  let at = 23;
  for (const { type, nals } of parsed.arrays) {
    if (type >= 32 && type <= 34) copy[at] = (copy[at] as number) | 0x80;
    at += 3;
    for (const nal of nals) at += 2 + nal.length;
  }
  return copy;
}

/** colr and pasp (ISO/IEC 14496-12 §12.1.5, §12.1.4). */
function writeColour(writer: BoxWriter, { video }: Track): void {
  const colour = video?.colour;
  if (colour !== undefined) {
    writer
      .begin("colr")
      .fourCc("nclx")
      .u16(colour.primaries)
      .u16(colour.transfer)
      .u16(colour.matrix)
      .u8(colour.fullRange ? 0x80 : 0)
      .end();
  }
  if (video?.sar !== undefined) writer.begin("pasp").u32(video.sar.num).u32(video.sar.den).end();
}

/** AudioSampleEntry (ISO/IEC 14496-12 §12.2.3). */
function writeAudioEntry(writer: BoxWriter, track: Track): void {
  const { audio } = track;
  const { config = NOTHING } = track;
  const type = audioType(track);
  writer
    .begin(type)
    .zeros(6)
    .u16(1)
    .zeros(8)
    .u16(audio?.channels || 2)
    .u16(type === "fLaC" ? flacSampleBits(config) : 16)
    .u32(0)
    .u16(expressibleRate(type === "Opus" ? 48_000 : (audio?.sampleRate ?? 0)))
    .u16(0);
  const bitrate = audio?.bitrate === undefined ? {} : { bitrate: audio.bitrate };
  if (type === "Opus") writer.box("dOps", config);
  else if (type === "fLaC") writer.box("dfLa", config);
  else if (type === "ac-3") writer.box("dac3", config);
  else if (type === "ec-3") writer.box("dec3", config);
  else if (track.codec === "aac")
    writeElementaryStream(writer, { kind: "audio", objectType: OTI_AAC, specific: config, ...bitrate });
  else {
    const objectType = mpegAudioObjectType(track);
    writeElementaryStream(writer, { kind: "audio", objectType, specific: NOTHING, ...bitrate });
  }
  writer.end();
}

function audioType({ codec }: Track): string {
  switch (codec) {
    case "opus":
      return "Opus";
    case "flac":
      return "fLaC";
    case "ac3":
      return "ac-3";
    case "eac3":
      return "ec-3";
    default:
      return "mp4a";
  }
}

/**
 * Bits of a sample, from the STREAMINFO block (RFC 9639 §8.2) in the payload of dfLa: the entry must say the same
 * (Encapsulation of FLAC in ISO BMFF §3.3.1), and Chromium refuses it otherwise.
 */
function flacSampleBits(config: Uint8Array): number {
  // Behind version and flags, block header, sizes of blocks and frames, sample rate, channels.
  const reader = new BitReader(config, 4 + 4);
  reader.skip(16 + 16 + 24 + 24 + 20 + 3);
  const bits = reader.bits(5) + 1;
  return reader.overrun ? 16 : bits;
}

/** The greatest whole part of a rate that 16 bits can say (Encapsulation of FLAC in ISO BMFF §3.3.1). */
function expressibleRate(sampleRate: number): number {
  let rate = sampleRate;
  while (rate > 0xffff) rate /= 2;
  return Math.floor(rate);
}

/** WVTTSampleEntry (ISO/IEC 14496-30 §7.5). */
function writeTextEntry(writer: BoxWriter): void {
  writer.begin("wvtt").zeros(6).u16(1).begin("vttC").text("WEBVTT").end().end();
}
