import type { AccessUnit, Track } from "@millrace/model";
import { type AmfObject, type AmfValue, isAmfObject } from "./amf-value.ts";
import { type AudioPart, parseAudioBody } from "./audio-body.ts";
import { AudioTrack } from "./audio-track.ts";
import { MillisUnwrapper } from "./millis.ts";
import type { FlvCounters, FlvDemuxProblem, TrackHost, TrackState } from "./track-host.ts";
import { parseVideoBody, type VideoPart } from "./video-body.ts";
import { type VideoHint, VideoTrack } from "./video-track.ts";

export type { FlvCounters, FlvDemuxProblem };

export interface FlvDemuxerEvents {
  /** The tracks, video first: when they are first known, and each time one comes or changes. Before the unit concerned. */
  onTracks(tracks: readonly Track[]): void;
  /** One access unit, a fresh object. Its `data` is valid until the call returns: copy it. */
  onUnit(unit: AccessUnit): void;
  /** Something was counted (see `FlvCounters`). */
  onProblem?(code: FlvDemuxProblem): void;
}

/** How long one medium waits for the other to show itself, in media time. */
const WAIT_MS = 1000;
/** What is held back meanwhile. */
const MAX_WAITING_UNITS = 2000;
const MAX_WAITING_BYTES = 8 << 20;
/** Tracks of each kind. */
const MAX_TRACKS = 8;

/**
 * Takes the bodies of RTMP messages, or of FLV tags, apart into access units (see `AccessUnit` for what their bytes are).
 * Tracks are told once each medium that is to be expected has its configuration, or one second of media has passed without
 * it; until then units are held back. Damage is counted and the stream goes on; nothing throws.
 *
 * `Track.id` is 1 + 2n for video track n and 2 + 2n for audio track n.
 */
export class FlvDemuxer implements TrackHost {
  readonly counters: FlvCounters = {
    units: 0,
    damaged: 0,
    dropped: 0,
    jumps: 0,
    backSteps: 0,
  };
  /** UTC, milliseconds: set it before a body; units carry it. */
  wallMs = 0;

  readonly #events: FlvDemuxerEvents;
  readonly #millis = new MillisUnwrapper();
  readonly #video = new Map<number, VideoTrack>();
  readonly #audio = new Map<number, AudioTrack>();
  #hint: VideoHint | undefined;
  /** Whether a medium is to be waited for, as onMetaData has it. */
  #expectsVideo = true;
  #expectsAudio = true;
  #announced = false;
  #nowMs = 0;
  /** Time of the first unit that was held back. */
  #firstMs = Number.NaN;
  readonly #waiting: AccessUnit[] = [];
  #waitingBytes = 0;

  constructor(events: FlvDemuxerEvents) {
    this.#events = events;
  }

  /** The tracks whose configuration is known. */
  get tracks(): readonly Track[] {
    const tracks: Track[] = [];
    for (const { state } of this.#video.values()) if (state.ready) tracks.push(trackOf(state, "video"));
    for (const { state } of this.#audio.values()) if (state.ready) tracks.push(trackOf(state, "audio"));
    return tracks;
  }

  /** A video message. `timestampMs` is taken modulo 2³² and unwrapped. */
  video(body: Uint8Array, timestampMs: number): void {
    const ms = this.#begin(timestampMs);
    for (const part of parseVideoBody(body)) this.#takeVideo(part, ms);
    this.#settle(ms);
  }

  /** An audio message. `timestampMs` is taken modulo 2³² and unwrapped. */
  audio(body: Uint8Array, timestampMs: number): void {
    const ms = this.#begin(timestampMs);
    for (const part of parseAudioBody(body)) this.#takeAudio(part, ms);
    this.#settle(ms);
  }

  /** The values of a data message or script tag: onMetaData, with or without @setDataFrame. Others are passed over. */
  metadata(values: readonly AmfValue[]): void {
    const at = values.indexOf("onMetaData");
    const fields = values[at + 1];
    if (at < 0 || !isAmfObject(fields)) return;
    this.#hint = {
      width: positive(fields, "width"),
      height: positive(fields, "height"),
      frameRate: positive(fields, "framerate"),
    };
    const video = this.#video.get(0);
    if (video !== undefined) video.hint = this.#hint;
    const hasVideo = isCodec(fields["videocodecid"]);
    const hasAudio = isCodec(fields["audiocodecid"]);
    if (!hasVideo && !hasAudio) return;
    this.#expectsVideo = hasVideo;
    this.#expectsAudio = hasAudio;
  }

  /** End of input: hands on what is held back. */
  flush(): void {
    if (!this.#announced) this.#announce();
  }

  /** For tracks. */
  beforeChange(): void {
    if (!this.#announced && this.#waiting.length > 0) this.#announce();
  }

  /** For tracks. */
  trackChanged(): void {
    if (this.#announced) this.#events.onTracks(this.tracks);
  }

  /** For tracks. */
  problem(code: FlvDemuxProblem): void {
    this.#events.onProblem?.(code);
  }

  /** For tracks. */
  deliver(unit: AccessUnit): void {
    if (!this.#announced && this.#isComplete()) this.#announce();
    if (this.#announced) {
      this.#events.onUnit(unit);
      return;
    }
    if (Number.isNaN(this.#firstMs)) this.#firstMs = this.#nowMs;
    unit.data = unit.data.map((bytes) => bytes.slice());
    for (const bytes of unit.data) this.#waitingBytes += bytes.length;
    this.#waiting.push(unit);
    if (this.#waiting.length >= MAX_WAITING_UNITS || this.#waitingBytes >= MAX_WAITING_BYTES)
      this.#announce();
  }

  #begin(timestampMs: number): number {
    const ms = this.#millis.unwrap(timestampMs);
    // What comes out of order, or begins anew, moves the start of the wait.
    if (ms < this.#firstMs) this.#firstMs = ms;
    this.#nowMs = ms;
    return ms;
  }

  #settle(ms: number): void {
    if (this.#announced) return;
    if (this.#isComplete() || ms - this.#firstMs >= WAIT_MS) this.#announce();
  }

  #takeVideo(part: VideoPart, ms: number): void {
    let track = this.#video.get(part.trackId);
    if (track === undefined) {
      if (part.packetType === "command" || part.packetType === "end" || !this.#mayAdd(this.#video.size))
        return;
      track = new VideoTrack(1 + 2 * part.trackId, this);
      if (part.trackId === 0) track.hint = this.#hint;
      this.#video.set(part.trackId, track);
    }
    track.take(part, ticks(ms, part.nanos));
  }

  #takeAudio(part: AudioPart, ms: number): void {
    let track = this.#audio.get(part.trackId);
    if (track === undefined) {
      if (part.packetType === "end" || !this.#mayAdd(this.#audio.size)) return;
      track = new AudioTrack(2 + 2 * part.trackId, this);
      this.#audio.set(part.trackId, track);
    }
    track.take(part, ticks(ms, part.nanos));
  }

  #mayAdd(size: number): boolean {
    if (size < MAX_TRACKS) return true;
    this.counters.dropped++;
    this.problem("flv.too-many-tracks");
    return false;
  }

  /** Whether all that is to be expected is there. */
  #isComplete(): boolean {
    return settled(this.#video, this.#expectsVideo) && settled(this.#audio, this.#expectsAudio);
  }

  #announce(): void {
    const { tracks } = this;
    if (tracks.length === 0) return;
    this.#announced = true;
    this.#events.onTracks(tracks);
    const waiting = this.#waiting.splice(0);
    this.#waitingBytes = 0;
    for (const unit of waiting) this.#events.onUnit(unit);
  }
}

function settled(tracks: ReadonlyMap<number, { readonly state: TrackState }>, expected: boolean): boolean {
  if (tracks.size === 0) return !expected;
  for (const { state } of tracks.values()) if (!state.ready && !state.unreadable) return false;
  return true;
}

function trackOf(state: TrackState, kind: "video" | "audio"): Track {
  return {
    id: state.id,
    kind,
    codec: state.codec ?? "unknown",
    timescale: 90_000,
    ...state.details,
  };
}

/** Milliseconds and nanoseconds at 90 kHz. */
function ticks(ms: number, nanos: number): number {
  return nanos === 0 ? ms * 90 : ms * 90 + Math.round((nanos * 90) / 1e6);
}

function positive(fields: AmfObject, name: string): number {
  const value = fields[name];
  return typeof value === "number" && value > 0 && value < 1e6 ? value : 0;
}

/** A number, or a name as the first phones and cameras wrote ("avc1", "mp4a"). */
function isCodec(value: AmfValue): boolean {
  return (typeof value === "number" && value > 0) || (typeof value === "string" && value !== "");
}
