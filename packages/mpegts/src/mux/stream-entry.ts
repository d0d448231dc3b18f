import { AAC_SAMPLE_RATES, opusChannelConfig, parseAudioSpecificConfig, parseDops } from "@millrace/codec";
import type { Track } from "@millrace/model";
import { buildDescriptor, buildRegistration, iterateDescriptors } from "../descriptor-loop.ts";
import { STREAM_ID_AUDIO, STREAM_ID_PRIVATE_1, STREAM_ID_VIDEO } from "../pes.ts";
import {
  codingOf,
  STREAM_AAC_ADTS,
  STREAM_AAC_LATM,
  STREAM_AC3,
  STREAM_EAC3,
  STREAM_H264,
  STREAM_H265,
  STREAM_METADATA_PES,
  STREAM_MPEG1_AUDIO,
  STREAM_MPEG1_VIDEO,
  STREAM_MPEG2_AUDIO,
  STREAM_MPEG2_VIDEO,
  STREAM_MPEG4_VIDEO,
  STREAM_PRIVATE_PES,
  STREAM_SCTE35,
} from "../stream-type.ts";

/** How a track stands in the PMT and in PES packets. */
export interface StreamEntry {
  readonly streamType: number;
  readonly descriptors: Uint8Array;
  readonly streamId: number;
}

type Made = readonly [streamType: number, ...descriptors: Uint8Array[]];

const CA_DESCRIPTOR = 0x09;
const LANGUAGE_DESCRIPTOR = 0x0a;

/**
 * The PMT entry of a track; undefined for codecs that have no place in a transport stream. A track that came out of one keeps
 * its stream type and its descriptors, but for those of conditional access: what is written here is in the clear.
 */
export function streamEntry(track: Track, options: { latm: boolean }): StreamEntry | undefined {
  const streamId = streamIdOf(track);
  const { ts } = track;
  if (ts !== undefined && isStillTrue(track)) {
    const kept: number[] = [];
    for (const { tag, data } of iterateDescriptors(ts.descriptors)) {
      if (tag !== CA_DESCRIPTOR) kept.push(tag, data.length, ...data);
    }
    return { streamType: ts.streamType, descriptors: Uint8Array.from(kept), streamId };
  }
  const made = make(track, options.latm);
  if (made === undefined) return undefined;
  const [streamType, ...descriptors] = made;
  if (track.kind === "audio" && track.language !== undefined) descriptors.push(language(track));
  return { streamType, descriptors: Uint8Array.from(descriptors.flatMap((d) => [...d])), streamId };
}

/** Whether the PMT entry that a track came with says what the track is. */
function isStillTrue(track: Track): boolean {
  const { ts } = track;
  if (ts === undefined) return false;
  const { codec } = codingOf({ pid: ts.pid, streamType: ts.streamType, descriptors: ts.descriptors });
  if (codec === "aac" && ts.streamType === STREAM_AAC_ADTS) return fitsAdts(track);
  return codec === track.codec;
}

function streamIdOf(track: Track): number {
  if (track.kind === "video") return STREAM_ID_VIDEO;
  if (track.codec === "aac" || track.codec === "mpa") return STREAM_ID_AUDIO;
  return STREAM_ID_PRIVATE_1;
}

function make(track: Track, latm: boolean): Made | undefined {
  switch (track.codec) {
    case "h264":
      return [STREAM_H264];
    case "h265":
      return [STREAM_H265, buildRegistration("HEVC")];
    case "mpeg2video":
      return [STREAM_MPEG2_VIDEO];
    case "mpeg1video":
      return [STREAM_MPEG1_VIDEO];
    case "mpeg4":
      return [STREAM_MPEG4_VIDEO];
    case "aac":
      return [latm || !fitsAdts(track) ? STREAM_AAC_LATM : STREAM_AAC_ADTS];
    case "mpa":
      // Below 32 kHz it is MPEG-2's low sampling rates (ISO/IEC 13818-3).
      return [(track.audio?.sampleRate ?? 48_000) < 32_000 ? STREAM_MPEG2_AUDIO : STREAM_MPEG1_AUDIO];
    case "ac3":
      return [STREAM_AC3, buildRegistration("AC-3")];
    case "eac3":
      return [STREAM_EAC3, buildRegistration("EAC3")];
    case "opus":
      return [STREAM_PRIVATE_PES, buildRegistration("Opus"), opusDescriptor(track)];
    case "dts":
      return [STREAM_PRIVATE_PES, buildDescriptor(0x7b, [0, 0, 0, 0, 0])];
    case "ac4":
      return [STREAM_PRIVATE_PES, buildDescriptor(0x7f, [0x15, 0])];
    case "teletext":
      // initial page 100 (EN 300 468 §6.2.43): type 1, magazine 1
      return [STREAM_PRIVATE_PES, buildDescriptor(0x56, [...code(track), 0x09, 0x00])];
    case "dvbsub":
      // normal subtitles without aspect ratio, pages 1 and 1 (§6.2.41)
      return [STREAM_PRIVATE_PES, buildDescriptor(0x59, [...code(track), 0x10, 0, 1, 0, 1])];
    case "scte35":
      return [STREAM_SCTE35];
    case "id3":
      return [STREAM_METADATA_PES, id3Descriptor()];
    case "private":
    case "unknown":
      return [STREAM_PRIVATE_PES];
    default:
      return undefined;
  }
}

/** Whether ADTS can carry the track's configuration; true while it is not known. */
export function fitsAdts(track: Track): boolean {
  const config = track.config === undefined ? undefined : parseAudioSpecificConfig(track.config);
  if (config === undefined) return true;
  // Channel configuration 0 needs a program config element in each frame, as frames out of ADTS have.
  const channels =
    config.channelConfig > 0 ? config.channelConfig <= 7 : track.ts?.streamType === STREAM_AAC_ADTS;
  const type = config.objectType >= 1 && config.objectType <= 4;
  return type && channels && config.frameSamples === 1024 && AAC_SAMPLE_RATES.includes(config.sampleRate);
}

function code(track: Track): number[] {
  const text = (track.language ?? "und").slice(0, 3).padEnd(3);
  return Array.from(text, (letter) => letter.charCodeAt(0) & 0xff);
}

function language(track: Track): Uint8Array {
  return buildDescriptor(LANGUAGE_DESCRIPTOR, [...code(track), track.audioType ?? 0]);
}

/** ETSI TS 103 491 §4.2: extension descriptor with tag 0x80 and channel_config_code. */
function opusDescriptor(track: Track): Uint8Array {
  const head = track.config === undefined ? undefined : parseDops(track.config);
  const channels = head === undefined ? (track.audio?.channels ?? 2) : opusChannelConfig(head);
  return buildDescriptor(0x7f, [0x80, channels ?? 2]);
}

/** metadata_descriptor for ID3 in HLS (Apple, Timed Metadata for HTTP Live Streaming §2.3). */
function id3Descriptor(): Uint8Array {
  const id3 = [0x49, 0x44, 0x33, 0x20];
  return buildDescriptor(0x26, [0xff, 0xff, ...id3, 0xff, ...id3, 0x00, 0x0f]);
}
