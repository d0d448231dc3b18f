import { equalBytes } from "@millrace/bytes";
import { H264_NAL, H265_NAL, h265NalType, NalList } from "@millrace/codec";
import type { AccessUnit, Track } from "@millrace/model";
import { ecmaArray } from "./amf-value.ts";
import { serializeAmf0 } from "./amf0.ts";
import { serializeAudioBody } from "./audio-body.ts";
import {
  configBodies,
  describeTracks,
  type FlvBody,
  isWritable,
  type MuxedTrack,
  muxedTrack,
} from "./muxed-track.ts";
import { FLV_AUDIO, FLV_VIDEO } from "./tag.ts";
import { FRAME_INTER, FRAME_KEY, serializeVideoBody } from "./video-body.ts";

export type { FlvBody };

export interface FlvMuxerOptions {
  /** Write codecs that have FourCC form only (Enhanced RTMP v1 and v2). H.264, AAC and MP3 keep their old form. */
  readonly enhanced: boolean;
  /** Write further tracks of a kind as multitrack bodies; else the first of each kind only. Needs `enhanced`. */
  readonly multitrack?: boolean;
  /** Write H.265 as codec id 12, which players before the enhanced protocol agreed upon. */
  readonly legacyH265?: boolean;
}

/** A unit as a body. */
export interface FlvUnit extends FlvBody {
  /** DTS, modulo 2³². */
  readonly timestampMs: number;
  /** A player may start here. For audio: of a stream that has no video. */
  readonly key: boolean;
  /** No other picture refers to this one. */
  readonly disposable: boolean;
}

const MAX_COMPOSITION_MS = 0x7fffff;

/** Makes message and tag bodies of tracks and access units: once, for all players. */
export class FlvMuxer {
  readonly #options: FlvMuxerOptions;
  readonly #nals = new NalList();
  #tracks: MuxedTrack[] = [];
  #hasVideo = false;

  constructor(options: FlvMuxerOptions) {
    this.#options = options;
  }

  /** The tracks that are written. */
  get tracks(): readonly Track[] {
    return this.#tracks.map(({ track }) => track);
  }

  /**
   * Takes the tracks of the stream; those that cannot be written are left out. True if players have to be told: send
   * `metadata` and `configs` again.
   */
  setTracks(tracks: readonly Track[]): boolean {
    const before = this.#tracks;
    const counts = { video: 0, audio: 0 };
    this.#tracks = [];
    for (const track of tracks) {
      const { kind } = track;
      if ((kind !== "video" && kind !== "audio") || !isWritable(track, this.#options)) continue;
      const number = counts[kind]++;
      if (number > 0 && !(this.#options.multitrack && this.#options.enhanced && number < 256)) continue;
      this.#tracks.push(muxedTrack(track, number, this.#options));
    }
    this.#hasVideo = counts.video > 0;
    return before.length !== this.#tracks.length || before.some((old, i) => !isSame(old, this.#tracks[i]!));
  }

  /** The body of a script tag or data message: "onMetaData" and what is known of the tracks. */
  metadata(): Uint8Array {
    return serializeAmf0(["onMetaData", ecmaArray(describeTracks(this.#tracks))]);
  }

  /** Sequence headers: the bodies that a player needs before the first unit. */
  configs(): FlvBody[] {
    return this.#tracks.flatMap(configBodies);
  }

  /**
   * A unit as a body, in fresh memory. Undefined where its track is not written or has no configuration yet, or where its
   * time cannot be told.
   */
  unit(unit: AccessUnit): FlvUnit | undefined {
    const muxed = this.#trackOf(unit.track);
    if (muxed === undefined || !muxed.configured || !Number.isFinite(unit.dts)) return undefined;
    const dtsMs = Math.round(unit.dts / 90);
    const timestampMs = dtsMs >>> 0;
    return muxed.kind === "video"
      ? this.#video(muxed, unit, { dtsMs, timestampMs })
      : this.#audio(muxed, unit, timestampMs);
  }

  #trackOf(id: number): MuxedTrack | undefined {
    for (const muxed of this.#tracks) if (muxed.track.id === id) return muxed;
    return undefined;
  }

  #video(
    muxed: MuxedTrack & { kind: "video" },
    unit: AccessUnit,
    time: { dtsMs: number; timestampMs: number },
  ): FlvUnit | undefined {
    const compositionMs = muxed.composed ? Math.round(unit.pts / 90) - time.dtsMs : 0;
    if (!(Math.abs(compositionMs) <= MAX_COMPOSITION_MS)) return undefined;
    const body = serializeVideoBody({
      codec: muxed.codec,
      packetType: "frames",
      frameType: unit.key ? FRAME_KEY : FRAME_INTER,
      enhanced: muxed.enhanced,
      compositionMs,
      ...muxed.addressed,
      data: unit.data,
    });
    const disposable = !unit.key && this.#isDisposable(muxed, body, unit);
    return {
      type: FLV_VIDEO,
      timestampMs: time.timestampMs,
      body,
      key: unit.key,
      disposable,
    };
  }

  #audio(muxed: MuxedTrack & { kind: "audio" }, unit: AccessUnit, timestampMs: number): FlvUnit {
    const { sampleRate, channels } = muxed.track.audio ?? {};
    const body = serializeAudioBody({
      codec: muxed.codec,
      packetType: "frames",
      enhanced: muxed.enhanced,
      ...(sampleRate === undefined ? {} : { sampleRate }),
      ...(channels === undefined ? {} : { channels }),
      ...muxed.addressed,
      data: unit.data,
    });
    return {
      type: FLV_AUDIO,
      timestampMs,
      body,
      key: unit.key && !this.#hasVideo,
      disposable: false,
    };
  }

  /** Whether all slices say that nothing refers to them (H.264 nal_ref_idc 0; H.265 sub-layer non-reference). */
  #isDisposable(muxed: MuxedTrack, body: Uint8Array, unit: AccessUnit): boolean {
    const { codec } = muxed;
    if (codec !== "h264" && codec !== "h265") return false;
    let size = 0;
    for (const part of unit.data) size += part.length;
    // The unit's bytes end the body; there they are in one piece.
    this.#nals.scanLengthPrefixed(body, body.length - size, body.length);
    let slices = 0;
    for (let i = 0; i < this.#nals.count; i++) {
      const header = body[this.#nals.starts[i] as number] as number;
      const kind = codec === "h264" ? h264Slice(header) : h265Slice(header);
      if (kind === REFERENCE) return false;
      if (kind === NON_REFERENCE) slices++;
    }
    return slices > 0;
  }
}

const NO_SLICE = 0;
const NON_REFERENCE = 1;
const REFERENCE = 2;

function h264Slice(header: number): number {
  const type = header & 0x1f;
  if (type < H264_NAL.slice || type > H264_NAL.idr) return NO_SLICE;
  return (header & 0x60) === 0 ? NON_REFERENCE : REFERENCE;
}

function h265Slice(header: number): number {
  const type = h265NalType(header);
  if (type > H265_NAL.vclLast) return NO_SLICE;
  // Even types up to 14, of the highest layer as a rule (H.265 Table 7-1).
  return type <= 14 && (type & 1) === 0 ? NON_REFERENCE : REFERENCE;
}

/** Whether a player that was told of one need not be told of the other. */
function isSame(a: MuxedTrack, b: MuxedTrack): boolean {
  const one = a.track;
  const two = b.track;
  if (one.id !== two.id || one.codec !== two.codec || a.number !== b.number) return false;
  const sameConfig =
    one.config === two.config ||
    (one.config !== undefined && two.config !== undefined && equalBytes(one.config, two.config));
  const { width, height } = one.video ?? {};
  const { sampleRate, channels } = one.audio ?? {};
  return (
    sameConfig &&
    width === two.video?.width &&
    height === two.video?.height &&
    sampleRate === two.audio?.sampleRate &&
    channels === two.audio?.channels
  );
}
