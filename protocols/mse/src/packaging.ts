import type { PackagedLane, PackagedWriter, Packaging, StreamHost } from "@millrace/engine";
import { UnitReader } from "@millrace/engine";
import { canStore, storedData } from "@millrace/isobmff";
import { type AccessUnit, TICKS_PER_SECOND, type Track } from "@millrace/model";
import { emptyFrame, FrameHead } from "./frame-head.ts";
import { type LaneTrack, laneTracks, writeHeader } from "./lane-header.ts";
import { MediaTimeline } from "./media-timeline.ts";
import { TrackTimes } from "./track-times.ts";

export const MSE_LANE = "mse";
/** In `PackagedMessage.track` beside the track's number: a decoder may start with this frame. */
export const KEY_BIT = 0x100;
export const TRACK_MASK = 0xff;

/** Fragments of one frame each, made once for all viewers. */
export const MSE_PACKAGING: PackagedLane = {
  lane: MSE_LANE,
  open: (host, into) => new MsePackaging(host, into),
};

/** How often a stream without video gives its viewers a place to start. */
const AUDIO_KEY_TICKS = TICKS_PER_SECOND;
/** Bitrates are measured over this time, once. */
const MEASURE_TICKS = 3 * TICKS_PER_SECOND;

/** Tracks whose headers were not seen are waited for so long. */
const UNKNOWN_MS = 1500;

interface OpenTrack {
  readonly source: Track;
  readonly lane: LaneTrack;
  readonly times: TrackTimes;
  bytes: number;
}

/** Makes the lane `mse`: a header of `LaneTrack`s, and each access unit as a fragment of its own. */
class MsePackaging implements Packaging {
  readonly #units: UnitReader;
  readonly #into: PackagedWriter;
  readonly #timeline = new MediaTimeline();
  readonly #head = new FrameHead();
  readonly #data: Uint8Array[] = [];
  /** Both are used again for each frame. */
  readonly #frame = emptyFrame();
  readonly #message = {
    data: this.#data,
    track: 0,
    dts: 0,
    pts: 0,
    key: false,
    disposable: false,
    discontinuity: false,
  };
  #tracks = new Map<number, OpenTrack>();
  #coming: { readonly tracks: readonly Track[]; sinceMs: number } | undefined;
  #leader = -1;
  #leaderKind: "video" | "audio" = "audio";
  #lastKey = Number.NEGATIVE_INFINITY;
  /** Where measuring bitrates began; undefined when it is done. */
  #measuredFrom: number | undefined;

  constructor(host: StreamHost, into: PackagedWriter) {
    const reader = host.read("units", "key");
    this.#into = into;
    this.#units = new UnitReader(reader);
    // What is known of the tracks now holds for what lies behind as well, of which less was known at the time.
    this.#await(this.#units.tracks);
    this.#units.onTracks = (tracks) => this.#follow(tracks);
    reader.onReadable = () => this.#pump();
    this.#pump();
  }

  dispose(): void {
    this.#units.close();
  }

  /** Other tracks. That less was known of them at an earlier time is none. */
  #follow(tracks: readonly Track[]): void {
    const isKnown = (track: Track): boolean =>
      JSON.stringify(this.#tracks.get(track.id)?.source) === JSON.stringify(track);
    const made = laneTracks(tracks);
    const all = [...this.#tracks.values()];
    const isLess =
      made.every(({ source }) => isKnown(source)) &&
      all.every(({ source: { id, codec } }) =>
        tracks.some(
          (track) => track.id === id && track.codec === codec && !(track.config && !isKnown(track)),
        ),
      );
    if (!isLess) this.#await(tracks);
    else if (all.length > 0) this.#coming = undefined;
  }

  /** Takes these tracks, once all is known of them. */
  #await(tracks: readonly Track[]): void {
    const isWhole = !tracks.some(isUnknown);
    this.#coming = isWhole ? undefined : { tracks, sinceMs: Number.NaN };
    if (isWhole) this.#setTracks(tracks);
  }

  /** Other tracks are on their way, of which not all is known: what is told of them should hold. */
  #waits(wallMs: number): boolean {
    const coming = this.#coming;
    if (coming === undefined) return false;
    if (Number.isNaN(coming.sinceMs)) coming.sinceMs = wallMs;
    if (wallMs - coming.sinceMs < UNKNOWN_MS) return true;
    this.#coming = undefined;
    this.#setTracks(coming.tracks);
    return false;
  }

  #setTracks(tracks: readonly Track[]): void {
    const before = this.#tracks;
    this.#tracks = new Map();
    for (const { source, lane } of laneTracks(tracks)) {
      const known = before.get(source.id);
      // A track of the same rate goes on where it was.
      const times = known?.times.fits(source) === true ? known.times : new TrackTimes(source, this.#timeline);
      lane.bitrate = known?.lane.bitrate ?? 0;
      this.#tracks.set(source.id, { source, lane, times, bytes: 0 });
    }
    const all = [...this.#tracks.values()];
    const leader = all.find(({ lane }) => lane.content === "video") ?? all[0];
    this.#leader = leader?.source.id ?? -1;
    this.#leaderKind = leader?.lane.content ?? "audio";
    this.#measuredFrom = Number.NaN;
    this.#tell();
  }

  #tell(): void {
    this.#into.setHeader(writeHeader([...this.#tracks.values()].map(({ lane }) => lane)));
  }

  #pump(): void {
    for (let unit = this.#units.next(); unit !== undefined; unit = this.#units.next()) this.#unit(unit);
  }

  #unit(unit: AccessUnit): void {
    if (this.#waits(unit.wallMs)) return;
    const track = this.#tracks.get(unit.track);
    if (track === undefined) return;
    const { source, lane, times } = track;
    const leads = unit.track === this.#leader;
    if (leads && !this.#timeline.started && !unit.key) return;
    if (leads) this.#timeline.lead(unit.dts, unit.wallMs, times.frameTicks);
    else if (!this.#timeline.holds(unit.dts)) return;
    if (!times.next(unit)) return;
    const data = this.#data;
    data.length = 1;
    data[0] = this.#head.bytes;
    const size = storedData(source, unit, data);
    const pts = unit.pts + this.#timeline.offset;
    const frame = this.#frame;
    const message = this.#message;
    frame.sequence++;
    frame.trackId = lane.id;
    frame.decodeTime = times.decodeTime;
    frame.compositionOffset = times.compositionOffset;
    frame.duration = times.duration;
    frame.key = unit.key;
    frame.size = size;
    frame.utcMs = this.#timeline.utcMs(pts);
    this.#head.write(frame);
    track.bytes += size;
    const dts = unit.dts + this.#timeline.offset;
    message.track = lane.id | (unit.key ? KEY_BIT : 0);
    message.dts = dts;
    message.pts = pts;
    message.key = leads && unit.key && this.#startsHere(dts);
    message.discontinuity = unit.discontinuity;
    this.#into.put(message);
    if (leads) this.#measure(dts);
  }

  #startsHere(dts: number): boolean {
    if (this.#leaderKind === "audio" && dts - this.#lastKey < AUDIO_KEY_TICKS) return false;
    this.#lastKey = dts;
    return true;
  }

  #measure(dts: number): void {
    if (this.#measuredFrom === undefined) return;
    if (Number.isNaN(this.#measuredFrom)) this.#measuredFrom = dts;
    const ticks = dts - this.#measuredFrom;
    if (ticks < MEASURE_TICKS) return;
    this.#measuredFrom = undefined;
    for (const { lane, bytes } of this.#tracks.values()) {
      lane.bitrate = Math.round((bytes * 8 * TICKS_PER_SECOND) / ticks / 1000);
    }
    this.#tell();
  }
}

/** It could be played, if its headers had been seen. */
function isUnknown(track: Track): boolean {
  const isMedia = track.kind === "video" || track.kind === "audio";
  return isMedia && !canStore(track) && canStore({ ...track, config: ANY_CONFIG });
}

const ANY_CONFIG = new Uint8Array(1);
