import type { Codec, TrackKind } from "@millrace/model";
import type { SiDescriptor } from "../si/descriptors.ts";
import { firstOfType } from "../si/descriptors.ts";

/** What an elementary stream of a PMT is. */
export interface StreamKind {
  readonly kind: TrackKind;
  readonly codec: Codec;
  /** What it is called, for people. */
  readonly name: string;
  /** ISO 639-2 codes, each once. */
  readonly languages: readonly string[];
  /** The payload is sections, not PES packets. */
  readonly sections: boolean;
}

type Shape = readonly [kind: TrackKind, codec: Codec, name: string, sections?: boolean];

/** stream_type (ISO/IEC 13818-1 table 2-34; 0x80 and up: ATSC, SCTE, AVS and others by use). */
const STREAM_TYPES: ReadonlyMap<number, Shape> = new Map<number, Shape>([
  [0x01, ["video", "mpeg1video", "MPEG-1 video"]],
  [0x02, ["video", "mpeg2video", "MPEG-2 video"]],
  [0x03, ["audio", "mpa", "MPEG audio"]],
  [0x04, ["audio", "mpa", "MPEG audio"]],
  [0x05, ["data", "private", "Private sections", true]],
  [0x08, ["data", "unknown", "DSM-CC", true]],
  [0x0a, ["data", "unknown", "DSM-CC A (MPE)", true]],
  [0x0b, ["data", "unknown", "DSM-CC B (carousel)", true]],
  [0x0c, ["data", "unknown", "DSM-CC C (stream events)", true]],
  [0x0d, ["data", "unknown", "DSM-CC D", true]],
  [0x0f, ["audio", "aac", "AAC (ADTS)"]],
  [0x10, ["video", "mpeg4", "MPEG-4 visual"]],
  [0x11, ["audio", "aac", "AAC (LATM)"]],
  [0x15, ["data", "unknown", "Metadata"]],
  [0x16, ["data", "unknown", "Metadata sections", true]],
  [0x1b, ["video", "h264", "H.264"]],
  [0x1c, ["audio", "aac", "AAC (raw)"]],
  [0x1f, ["video", "h264", "H.264 SVC"]],
  [0x20, ["video", "h264", "H.264 MVC"]],
  [0x21, ["video", "unknown", "JPEG 2000"]],
  [0x24, ["video", "h265", "HEVC"]],
  [0x25, ["video", "h265", "HEVC temporal sub-layer"]],
  [0x2d, ["audio", "unknown", "MPEG-H audio"]],
  [0x33, ["video", "unknown", "VVC"]],
  [0x42, ["video", "unknown", "AVS"]],
  [0x80, ["video", "mpeg2video", "DigiCipher II video"]],
  [0x81, ["audio", "ac3", "AC-3"]],
  [0x82, ["audio", "dts", "DTS"]],
  [0x83, ["audio", "unknown", "Dolby TrueHD"]],
  [0x84, ["audio", "eac3", "E-AC-3"]],
  [0x85, ["audio", "dts", "DTS-HD"]],
  [0x86, ["data", "scte35", "SCTE 35", true]],
  [0x87, ["audio", "eac3", "E-AC-3"]],
  [0xd1, ["video", "unknown", "Dirac"]],
  [0xd2, ["video", "unknown", "AVS2"]],
  [0xea, ["video", "unknown", "VC-1"]],
]);

/** registration_descriptor formats that say what a private stream is. */
const REGISTRATIONS: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  ["AC-3", ["audio", "ac3", "AC-3"]],
  ["EAC3", ["audio", "eac3", "E-AC-3"]],
  ["AC-4", ["audio", "ac4", "AC-4"]],
  ["Opus", ["audio", "opus", "Opus"]],
  ["DTS1", ["audio", "dts", "DTS"]],
  ["DTS2", ["audio", "dts", "DTS"]],
  ["DTS3", ["audio", "dts", "DTS"]],
  ["HEVC", ["video", "h265", "HEVC"]],
  ["AV01", ["video", "av1", "AV1"]],
  ["VC-1", ["video", "unknown", "VC-1"]],
  ["drac", ["video", "unknown", "Dirac"]],
  ["BSSD", ["audio", "pcm", "SMPTE 302M"]],
  ["KLVA", ["data", "unknown", "KLV"]],
  ["ID3 ", ["data", "id3", "ID3"]],
  ["CUEI", ["data", "scte35", "SCTE 35", true]],
]);

/** Descriptors that say what a PES private stream (0x06) is, in the order in which they are asked. */
const BY_DESCRIPTOR: readonly (readonly [SiDescriptor["type"], Shape])[] = [
  ["eac3", ["audio", "eac3", "E-AC-3"]],
  ["ac3", ["audio", "ac3", "AC-3"]],
  ["ac4", ["audio", "ac4", "AC-4"]],
  ["opus", ["audio", "opus", "Opus"]],
  ["dts", ["audio", "dts", "DTS"]],
  ["aac", ["audio", "aac", "AAC (LATM)"]],
  ["teletext", ["subtitle", "teletext", "Teletext"]],
  ["subtitling", ["subtitle", "dvbsub", "DVB subtitles"]],
  ["vbiTeletext", ["data", "unknown", "VBI teletext"]],
];

/** VBI data (0x45), kept raw by the descriptor parser. */
const VBI_DATA_TAG = 0x45;

/** Names an elementary stream from its stream_type, its descriptors and those of its program. */
export function describeStream(
  streamType: number,
  descriptors: readonly SiDescriptor[],
  program: readonly SiDescriptor[] = [],
): StreamKind {
  const [kind, codec, name, sections] = shapeOf(streamType, descriptors, program);
  return { kind, codec, name, languages: languagesOf(descriptors), sections: sections === true };
}

function shapeOf(streamType: number, own: readonly SiDescriptor[], program: readonly SiDescriptor[]): Shape {
  const registered = REGISTRATIONS.get(firstOfType(own, "registration")?.format ?? "");
  if (streamType === 0x06) {
    for (const [type, shape] of BY_DESCRIPTOR) if (firstOfType(own, type)) return shape;
    if (registered) return registered;
    if (own.some((d) => d.type === "raw" && d.tag === VBI_DATA_TAG)) return ["data", "unknown", "VBI data"];
    return ["data", "private", "Private data"];
  }
  if (streamType === 0x15 || streamType === 0x16) {
    const metadata = firstOfType(own, "metadata");
    if (metadata?.formatIdentifier === "ID3 ") return ["data", "id3", "ID3", streamType === 0x16];
  }
  if (streamType >= 0x80) {
    if (registered) return registered;
    // Blu-ray uses stream types of its own: LPCM is 0x80 there.
    const bluRay = firstOfType(program, "registration")?.format === "HDMV";
    if (bluRay && streamType === 0x80) return ["audio", "pcm", "LPCM"];
    if (bluRay && streamType === 0x90) return ["subtitle", "unknown", "PGS subtitles"];
  }
  return (
    STREAM_TYPES.get(streamType) ?? [
      "data",
      "unknown",
      `Stream type 0x${streamType.toString(16).padStart(2, "0")}`,
    ]
  );
}

function languagesOf(descriptors: readonly SiDescriptor[]): string[] {
  const languages = new Set<string>();
  for (const d of descriptors) {
    if (d.type === "language") for (const { code } of d.languages) languages.add(code);
    else if (d.type === "teletext" || d.type === "vbiTeletext")
      for (const p of d.pages) languages.add(p.language);
    else if (d.type === "subtitling") for (const s of d.subtitles) languages.add(s.language);
    else if (d.type === "supplementaryAudio" && d.language !== undefined) languages.add(d.language);
  }
  return [...languages];
}
