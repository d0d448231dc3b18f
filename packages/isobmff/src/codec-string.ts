import {
  aacCodecString,
  h264CodecString,
  h265CodecString,
  parseAudioSpecificConfig,
  parseAvcConfig,
  parseHevcConfig,
} from "@millrace/codec";
import type { Track } from "@millrace/model";
import { mpegVideoObjectType } from "./object-type.ts";
import { vpCodecString } from "./vp-config.ts";

/**
 * RFC 6381 name of the track as it is stored: what CODECS attributes and media types want ("avc1.64001f", "hvc1.…",
 * "av01.…", "vp09.…", "mp4a.40.2", "ac-3", "ec-3", "opus", "fLaC", "wvtt"). The configuration goes before what the track
 * says of itself. Undefined where neither tells, or the codec cannot be stored.
 */
export function codecStringOf(track: Track): string | undefined {
  switch (track.codec) {
    case "h264":
      return avcString(track) ?? track.codecString;
    case "h265":
      return hevcString(track) ?? track.codecString;
    case "av1":
      return av1String(track) ?? track.codecString;
    case "vp9":
    case "vp8":
      return vpCodecString(track);
    case "mpeg1video":
    case "mpeg2video":
      return `mp4v.${mpegVideoObjectType(track).toString(16).toUpperCase()}`;
    case "mpeg4":
      return mpeg4String(track);
    case "aac":
      return aacString(track) ?? track.codecString;
    case "mpa":
      return mpaString(track);
    case "ac3":
      return "ac-3";
    case "eac3":
      return "ec-3";
    case "opus":
      return "opus";
    case "flac":
      return "fLaC";
    case "webvtt":
      return "wvtt";
    default:
      return undefined;
  }
}

function avcString({ config }: Track): string | undefined {
  const parsed = config && parseAvcConfig(config);
  return parsed && h264CodecString(parsed);
}

function hevcString({ config }: Track): string | undefined {
  const parsed = config && parseHevcConfig(config);
  return parsed && h265CodecString(parsed.profile);
}

/** AV1 in ISOBMFF §5: profile, level and tier, bit depth. */
function av1String({ config }: Track): string | undefined {
  if (config === undefined || config.length < 4) return undefined;
  const second = config[1] as number;
  const third = config[2] as number;
  const depth = (third & 0x40) === 0 ? "08" : (third & 0x20) === 0 ? "10" : "12";
  const level = String(second & 31).padStart(2, "0");
  return `av01.${second >> 5}.${level}${(third & 0x80) === 0 ? "M" : "H"}.${depth}`;
}

/** Object type 20 with profile_and_level_indication in decimal. */
function mpeg4String({ video }: Track): string {
  const indication = video === undefined ? 0 : (video.profile << 4) | video.level;
  // 1 is Simple Profile, level 1: what says nothing is taken for the least.
  return `mp4v.20.${indication === 0 ? 1 : indication}`;
}

function aacString({ config }: Track): string | undefined {
  const parsed = config && parseAudioSpecificConfig(config);
  return parsed && aacCodecString(parsed);
}

/** Layer III has a name that players know, whatever the object type. */
function mpaString({ audio }: Track): string {
  if (audio?.profile === 3) return "mp4a.40.34";
  return (audio?.sampleRate ?? 48_000) >= 32_000 ? "mp4a.6B" : "mp4a.69";
}
