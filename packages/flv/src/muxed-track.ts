import { buildOpusHead, parseDops } from "@millrace/codec";
import type { AudioCodec, Track, VideoCodec, VideoFormat } from "@millrace/model";
import type { AmfObject } from "./amf-value.ts";
import { serializeAmf0 } from "./amf0.ts";
import { SOUND_AAC, SOUND_MP3, serializeAudioBody } from "./audio-body.ts";
import { flacSequenceHeader } from "./flac-config.ts";
import { fourCcNumber, fourCcOfAudio, fourCcOfVideo } from "./four-cc.ts";
import { FLV_AUDIO, FLV_VIDEO } from "./tag.ts";
import { CODEC_ID_AVC, CODEC_ID_HEVC, FRAME_KEY, serializeVideoBody } from "./video-body.ts";

/** A body to be sent as a message or tag of `type`. */
export interface FlvBody {
  readonly type: typeof FLV_AUDIO | typeof FLV_VIDEO;
  readonly body: Uint8Array;
}

interface MuxedBase {
  readonly track: Track;
  /** Among the tracks of its kind. */
  readonly number: number;
  /** Written in FourCC form. */
  readonly enhanced: boolean;
  /** All that a player needs before frames is known. */
  readonly configured: boolean;
  /** The track id, for tracks that are not the first of their kind. */
  readonly addressed: { readonly trackId?: number };
}

/** A track as it is written. */
export type MuxedTrack = MuxedBase &
  (
    | {
        readonly kind: "video";
        readonly codec: VideoCodec;
        /** Its bodies have room for a composition time. */
        readonly composed: boolean;
      }
    | { readonly kind: "audio"; readonly codec: AudioCodec }
  );

/** Codecs whose frames tell all. */
const SELF_CONTAINED: ReadonlySet<string> = new Set(["mpa", "ac3", "eac3", "vp8"]);

/** Which forms may be written; see `FlvMuxerOptions`. */
interface Forms {
  readonly enhanced: boolean;
  readonly legacyH265?: boolean;
}

/** Whether there is a form for the track. */
export function isWritable(track: Track, forms: Forms): boolean {
  if (hasLegacyForm(track, forms)) return true;
  const fourCc =
    track.kind === "video"
      ? fourCcOfVideo(track.codec as VideoCodec)
      : fourCcOfAudio(track.codec as AudioCodec);
  // ".mp3" is layer III alone.
  return forms.enhanced && fourCc !== undefined && track.codec !== "mpa";
}

/** MPEG audio of layer III is MP3; the other layers have no place in FLV. */
function hasLegacyForm(track: Track, forms: Forms): boolean {
  if (track.codec === "mpa") return track.audio?.profile === 3;
  if (track.codec === "h265") return forms.legacyH265 === true;
  return track.codec === "h264" || track.codec === "aac";
}

export function muxedTrack(track: Track, number: number, forms: Forms): MuxedTrack {
  const base = {
    track,
    number,
    enhanced: number > 0 || !hasLegacyForm(track, forms),
    configured: track.config !== undefined || SELF_CONTAINED.has(track.codec),
    addressed: number > 0 ? { trackId: number } : {},
  };
  if (track.kind !== "video") return { ...base, kind: "audio", codec: track.codec as AudioCodec };
  const codec = track.codec as VideoCodec;
  return {
    ...base,
    kind: "video",
    codec,
    composed: codec === "h264" || codec === "h265",
  };
}

/** The sequence header of a track, and its colour where it is HDR; none where there is nothing to tell. */
export function configBodies(muxed: MuxedTrack): FlvBody[] {
  const { track, enhanced, addressed } = muxed;
  const { config } = track;
  if (config === undefined || SELF_CONTAINED.has(track.codec)) return [];
  if (muxed.kind === "audio") {
    const data = [sequenceHeader(muxed.codec, config)];
    const { codec } = muxed;
    const body = serializeAudioBody({
      codec,
      packetType: "config",
      enhanced,
      ...addressed,
      data,
    });
    return [{ type: FLV_AUDIO, body }];
  }
  const fields = {
    codec: muxed.codec,
    frameType: FRAME_KEY,
    enhanced,
    ...addressed,
  };
  const bodies: FlvBody[] = [
    {
      type: FLV_VIDEO,
      body: serializeVideoBody({
        ...fields,
        packetType: "config",
        data: [config],
      }),
    },
  ];
  const { video } = track;
  if (enhanced && isHdr(video)) {
    const body = serializeVideoBody({
      ...fields,
      packetType: "metadata",
      data: [colourInfo(video)],
    });
    bodies.push({ type: FLV_VIDEO, body });
  }
  return bodies;
}

function sequenceHeader(codec: AudioCodec, config: Uint8Array): Uint8Array {
  if (codec === "flac") return flacSequenceHeader(config);
  const head = codec === "opus" ? parseDops(config) : undefined;
  return head === undefined ? config : buildOpusHead(head);
}

/** SMPTE ST 2084 and ARIB STD-B67 (ITU-T H.273, transfer characteristics 16 and 18). */
function isHdr(
  video: VideoFormat | undefined,
): video is VideoFormat & { colour: NonNullable<VideoFormat["colour"]> } {
  return video?.colour?.transfer === 16 || video?.colour?.transfer === 18;
}

/** Enhanced RTMP v2, "Metadata Frame". */
function colourInfo(video: VideoFormat & { colour: NonNullable<VideoFormat["colour"]> }): Uint8Array {
  const { primaries, transfer, matrix } = video.colour;
  const colorConfig = {
    ...(video.bitDepth === undefined ? {} : { bitDepth: video.bitDepth }),
    colorPrimaries: primaries,
    transferCharacteristics: transfer,
    matrixCoefficients: matrix,
  };
  return serializeAmf0(["colorInfo", { colorConfig }]);
}

/** The fields of onMetaData. */
export function describeTracks(tracks: readonly MuxedTrack[]): AmfObject {
  const fields: AmfObject = { duration: 0 };
  for (const muxed of tracks) {
    if (muxed.number > 0) continue;
    if (muxed.kind === "video") Object.assign(fields, describeVideo(muxed));
    else Object.assign(fields, describeAudio(muxed));
  }
  return fields;
}

function describeVideo({ track, enhanced, codec }: MuxedTrack & { kind: "video" }): AmfObject {
  const { width, height, frameRate } = track.video ?? {};
  const legacy = codec === "h265" ? CODEC_ID_HEVC : CODEC_ID_AVC;
  return {
    ...(width === undefined || height === undefined ? {} : { width, height }),
    ...(frameRate === undefined ? {} : { framerate: frameRate.num / frameRate.den }),
    videocodecid: enhanced ? fourCcNumber(fourCcOfVideo(codec) ?? "") : legacy,
  };
}

function describeAudio({ track, enhanced, codec }: MuxedTrack & { kind: "audio" }): AmfObject {
  const { sampleRate, channels } = track.audio ?? {};
  const legacy = codec === "aac" ? SOUND_AAC : SOUND_MP3;
  return {
    ...(sampleRate === undefined ? {} : { audiosamplerate: sampleRate }),
    audiosamplesize: 16,
    ...(channels === undefined ? {} : { stereo: channels > 1, audiochannels: channels }),
    audiocodecid: enhanced ? fourCcNumber(fourCcOfAudio(codec) ?? "") : legacy,
  };
}
