import type { Codec, TrackKind } from "@millrace/model";
import { findDescriptor, hasRegistration, iterateDescriptors } from "./descriptor-loop.ts";
import type { PmtStream } from "./psi.ts";

/** stream_type values (ISO/IEC 13818-1 table 2-34; above 0x7F: user private, as ATSC A/52, SCTE 35 and Blu-ray use them). */
export const STREAM_MPEG1_VIDEO = 0x01;
export const STREAM_MPEG2_VIDEO = 0x02;
export const STREAM_MPEG1_AUDIO = 0x03;
export const STREAM_MPEG2_AUDIO = 0x04;
export const STREAM_PRIVATE_SECTIONS = 0x05;
export const STREAM_PRIVATE_PES = 0x06;
export const STREAM_AAC_ADTS = 0x0f;
export const STREAM_MPEG4_VIDEO = 0x10;
export const STREAM_AAC_LATM = 0x11;
export const STREAM_METADATA_PES = 0x15;
export const STREAM_H264 = 0x1b;
export const STREAM_H265 = 0x24;
export const STREAM_AC3 = 0x81;
export const STREAM_SCTE35 = 0x86;
export const STREAM_EAC3 = 0x87;

/** What an elementary stream is, and how it is wrapped. */
export interface StreamCoding {
  readonly kind: TrackKind;
  readonly codec: Codec;
  /** How the payload is framed in PES packets, where a codec has more than one way. `sections`: no PES at all. */
  readonly framing: "pes" | "adts" | "latm" | "sections";
}

type Coding = readonly [TrackKind, Codec, StreamCoding["framing"]?];

const BY_STREAM_TYPE: ReadonlyMap<number, Coding> = new Map<number, Coding>([
  [STREAM_MPEG1_VIDEO, ["video", "mpeg1video"]],
  [STREAM_MPEG2_VIDEO, ["video", "mpeg2video"]],
  [0x80, ["video", "mpeg2video"]], // DigiCipher II
  [STREAM_MPEG1_AUDIO, ["audio", "mpa"]],
  [STREAM_MPEG2_AUDIO, ["audio", "mpa"]],
  [STREAM_PRIVATE_SECTIONS, ["data", "private", "sections"]],
  [STREAM_AAC_ADTS, ["audio", "aac", "adts"]],
  [STREAM_MPEG4_VIDEO, ["video", "mpeg4"]],
  [STREAM_AAC_LATM, ["audio", "aac", "latm"]],
  [STREAM_H264, ["video", "h264"]],
  [0x1f, ["data", "unknown"]], // SVC sub-bitstream
  [0x20, ["data", "unknown"]], // MVC sub-bitstream
  [STREAM_H265, ["video", "h265"]],
  [STREAM_AC3, ["audio", "ac3"]],
  [0x82, ["audio", "dts"]],
  [0x83, ["data", "unknown"]], // TrueHD / LPCM
  [0x84, ["audio", "eac3"]],
  [0x85, ["audio", "dts"]],
  [STREAM_EAC3, ["audio", "eac3"]],
  [0x88, ["audio", "dts"]],
  [0x8a, ["audio", "dts"]],
  [0xa1, ["audio", "eac3"]],
  [0xa2, ["audio", "dts"]],
  [STREAM_SCTE35, ["data", "scte35", "sections"]],
]);

/** Descriptors that say what a stream of PES private data is (ETSI EN 300 468 table 12, ATSC A/52 Annex G). */
const BY_DESCRIPTOR: ReadonlyMap<number, Coding> = new Map<number, Coding>([
  [0x56, ["subtitle", "teletext"]],
  [0x46, ["subtitle", "teletext"]], // VBI teletext
  [0x59, ["subtitle", "dvbsub"]],
  [0x6a, ["audio", "ac3"]],
  [0x7a, ["audio", "eac3"]],
  [0x7b, ["audio", "dts"]],
  [0x7c, ["audio", "aac", "adts"]],
  [0x81, ["audio", "ac3"]],
  [0xcc, ["audio", "eac3"]],
]);

const BY_REGISTRATION: readonly (readonly [string, Coding])[] = [
  ["Opus", ["audio", "opus"]],
  ["AC-3", ["audio", "ac3"]],
  ["EAC3", ["audio", "eac3"]],
  ["AC-4", ["audio", "ac4"]],
  ["DTS1", ["audio", "dts"]],
  ["DTS2", ["audio", "dts"]],
  ["DTS3", ["audio", "dts"]],
  ["HEVC", ["video", "h265"]],
  ["H264", ["video", "h264"]],
  ["ID3 ", ["data", "id3"]],
  ["CUEI", ["data", "scte35", "sections"]],
];

/** Works out the coding of an elementary stream from its PMT entry. */
export function codingOf(stream: PmtStream): StreamCoding {
  const [kind, codec, framing] = lookUp(stream);
  return { kind, codec, framing: framing ?? "pes" };
}

function lookUp(stream: PmtStream): Coding {
  const { streamType, descriptors } = stream;
  if (streamType === STREAM_PRIVATE_PES) return privateCoding(descriptors);
  if (streamType === STREAM_METADATA_PES) {
    return isId3Metadata(descriptors) ? ["data", "id3"] : ["data", "private"];
  }
  // DVB-wide use of 0x8x is rare, but HDMV and ATSC give 0x83…0x86 other meanings: a registration settles it.
  if (streamType === STREAM_SCTE35 && hasRegistration(descriptors, "DTS1")) return ["audio", "dts"];
  const known = BY_STREAM_TYPE.get(streamType);
  if (known !== undefined) return known;
  // DSM-CC sections (0x0A…0x0D) and other section streams carry no PES.
  if (streamType >= 0x08 && streamType <= 0x0d) return ["data", "private", "sections"];
  for (const [format, coding] of BY_REGISTRATION) if (hasRegistration(descriptors, format)) return coding;
  return ["data", "unknown"];
}

function privateCoding(descriptors: Uint8Array): Coding {
  for (const [format, coding] of BY_REGISTRATION) if (hasRegistration(descriptors, format)) return coding;
  for (const { tag, data } of iterateDescriptors(descriptors)) {
    const coding = BY_DESCRIPTOR.get(tag);
    if (coding !== undefined) return coding;
    // extension_descriptor: AC-4 (EN 300 468 §6.4.1)
    if (tag === 0x7f && data[0] === 0x15) return ["audio", "ac4"];
  }
  return ["data", "private"];
}

/** metadata_descriptor (ISO/IEC 13818-1 §2.6.60) with metadata_format_identifier "ID3 ". */
function isId3Metadata(descriptors: Uint8Array): boolean {
  const data = findDescriptor(descriptors, 0x26);
  if (data === undefined) return hasRegistration(descriptors, "ID3 ");
  const text = String.fromCharCode(...data);
  return text.includes("ID3 ");
}
