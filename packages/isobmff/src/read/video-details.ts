import {
  H264ParameterSets,
  H265ParameterSets,
  h264CodecString,
  h265CodecString,
  parseAvcConfig,
  parseHevcConfig,
  parseMpeg2Sequence,
  parseMpeg4Headers,
} from "@millrace/codec";
import type { Track, VideoCodec, VideoFormat } from "@millrace/model";
import { codecStringOf } from "../codec-string.ts";
import {
  OTI_MPEG1_VIDEO,
  OTI_MPEG2_VIDEO_422,
  OTI_MPEG2_VIDEO_FIRST,
  OTI_MPEG4_VIDEO,
} from "../object-type.ts";
import { readElementaryStream } from "./descriptor.ts";
import { type Entry, type EntryDetails, fullPayload, type Unreadable } from "./track-details.ts";

/** What the sample entry itself says, whatever the codec. */
export type EntryFormat = Pick<VideoFormat, "width" | "height" | "sar" | "colour">;

/** Reads what a visual sample entry says of its codec. */
export function videoDetails(entry: Entry, format: EntryFormat): EntryDetails | Unreadable {
  switch (entry.type) {
    case "avc1":
    case "avc3":
    case "dva1":
    case "dvav":
      return nalDetails("h264", entry.payload("avcC"), format);
    case "hvc1":
    case "hev1":
    case "dvh1":
    case "dvhe":
      return nalDetails("h265", entry.payload("hvcC"), format);
    case "av01":
      return av1Details(entry.payload("av1C"), format);
    case "vp09":
    case "vp08":
      return vpDetails(entry, format);
    default:
      return mpegDetails(entry, format);
  }
}

function nalDetails(
  codec: "h264" | "h265",
  stored: Uint8Array | undefined,
  format: EntryFormat,
): EntryDetails | Unreadable {
  if (stored === undefined) return "config";
  const record = stored.slice();
  const avc = codec === "h264" ? parseAvcConfig(record) : undefined;
  const hevc = codec === "h265" ? parseHevcConfig(record) : undefined;
  const lengthSize = avc?.lengthSize ?? hevc?.lengthSize;
  if (lengthSize === undefined) return "config";
  const headers = codec === "h264" ? new H264ParameterSets() : new H265ParameterSets();
  const complete = headers.load(record);
  // Units have lengths of four bytes, so their record must say so.
  const config = !complete ? undefined : lengthSize === 4 ? record : headers.config;
  const codecString = avc === undefined ? hevc && h265CodecString(hevc.profile) : h264CodecString(avc);
  return {
    kind: "video",
    codec,
    ...(config === undefined ? {} : { config }),
    ...(codecString === undefined ? {} : { codecString }),
    video: completeFormat(headers.format, format),
    lengthSize,
    record,
  };
}

/** What the codec's headers say, and what they leave open as the entry has it. */
export function completeFormat(coded: VideoFormat | undefined, format: EntryFormat): VideoFormat {
  const { sar, colour } = format;
  return {
    ...(sar === undefined ? {} : { sar }),
    ...(colour === undefined ? {} : { colour }),
    ...(coded ?? { width: format.width, height: format.height, profile: 0, level: 0 }),
  };
}

const CHROMA = ["4:4:4", "4:2:2", "4:2:0"] as const;

/** AV1CodecConfigurationRecord (AV1 in ISOBMFF §2.3.3). */
function av1Details(stored: Uint8Array | undefined, format: EntryFormat): EntryDetails | Unreadable {
  // marker and version 1
  if (stored === undefined || stored.length < 4 || stored[0] !== 0x81) return "config";
  const config = stored.slice();
  const second = config[1] as number;
  const third = config[2] as number;
  const video: VideoFormat = {
    ...format,
    profile: second >> 5,
    level: second & 31,
    bitDepth: (third & 0x40) === 0 ? 8 : (third & 0x20) === 0 ? 10 : 12,
    chroma: (third & 0x10) !== 0 ? "4:0:0" : CHROMA[((third >> 3) & 1) + ((third >> 2) & 1)]!,
  };
  return plainDetails("av1", video, config);
}

/** VPCodecConfigurationRecord (VP Codec ISO Media File Format Binding §2.2); version and flags stay with it. */
function vpDetails(entry: Entry, format: EntryFormat): EntryDetails | Unreadable {
  const codec = entry.type === "vp09" ? "vp9" : "vp8";
  const stored = entry.payload("vpcC");
  if (stored === undefined || stored.length < 12) {
    return codec === "vp8" ? plainDetails("vp8", { ...format, profile: 0, level: 0 }) : "config";
  }
  const config = stored.slice();
  const depth = config[6] as number;
  const sampling = (depth >> 1) & 7;
  const video: VideoFormat = {
    colour: {
      primaries: config[7] as number,
      transfer: config[8] as number,
      matrix: config[9] as number,
      fullRange: (depth & 1) !== 0,
    },
    ...format,
    profile: config[4] as number,
    level: config[5] as number,
    bitDepth: depth >> 4,
    chroma: sampling === 3 ? "4:4:4" : sampling === 2 ? "4:2:2" : "4:2:0",
  };
  // VP8 needs no configuration anywhere else.
  return codec === "vp9" ? plainDetails("vp9", video, config) : plainDetails("vp8", video);
}

/** MPEG-4 part 2, MPEG-2 and MPEG-1 video, as the object type says. */
function mpegDetails(entry: Entry, format: EntryFormat): EntryDetails | Unreadable {
  const esds = fullPayload(entry, "esds");
  const stream = esds && readElementaryStream(esds);
  if (stream === undefined) {
    if (entry.type === "mp4v") return "config";
    const codec = entry.type === "mp2v" ? "mpeg2video" : "mpeg1video";
    return plainDetails(codec, { ...format, profile: 0, level: 0 });
  }
  const { objectType } = stream;
  const specific = stream.specific.slice();
  if (objectType === OTI_MPEG4_VIDEO) {
    const video = completeFormat(parseMpeg4Headers(specific), format);
    if (specific.length === 0) return plainDetails("mpeg4", video);
    return { ...plainDetails("mpeg4", video, specific), prefix: specific };
  }
  const mpeg2 = objectType >= OTI_MPEG2_VIDEO_FIRST && objectType <= OTI_MPEG2_VIDEO_422;
  if (!mpeg2 && objectType !== OTI_MPEG1_VIDEO) return "codec";
  const profile = mpeg2 ? OTI_MPEG2_VIDEO_422 - objectType : 0;
  const coded = parseMpeg2Sequence(specific, 0)?.format ?? { ...format, profile, level: 0 };
  const details = plainDetails(mpeg2 ? "mpeg2video" : "mpeg1video", completeFormat(coded, format));
  return specific.length === 0 ? details : { ...details, prefix: specific };
}

function plainDetails(codec: VideoCodec, video: VideoFormat, config?: Uint8Array): EntryDetails {
  const details = { kind: "video" as const, codec, video, ...(config === undefined ? {} : { config }) };
  const track: Track = { id: 0, timescale: 90_000, ...details };
  const codecString = codecStringOf(track);
  return { ...details, ...(codecString === undefined ? {} : { codecString }), lengthSize: 0 };
}
