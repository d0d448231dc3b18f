import { ByteReader, equalBytes } from "@millrace/bytes";
import type { AccessUnit, Ticks, Track } from "@millrace/model";
import type { Box } from "../boxes.ts";
import { type EventMessage, type ReadEvent, readEventMessage } from "../event-message.ts";
import { ticksOf, timeOf } from "../media-time.ts";
import { type BoxPlan, type BoxSink, BoxStream } from "./box-stream.ts";
import { readFragment } from "./fragment-box.ts";
import { FragmentTrack } from "./fragment-track.ts";
import { readMovieBox } from "./movie-box.ts";

/** What `FragmentReader` counts. Numbers only grow. */
export interface FragmentCounters {
  /** Access units handed on. */
  units: number;
  /** Samples whose bytes never came, or whose inside is broken; events that make no sense. */
  damaged: number;
  /** Samples of tracks that are not read here, without picture, or without configuration. */
  dropped: number;
}

/** Codes given to `onProblem`. */
export type FragmentProblem =
  | "isobmff.damaged"
  | "isobmff.codec"
  | "isobmff.encrypted"
  | "isobmff.config"
  | "isobmff.no-init";

/** The wall clock for a time of the media (ISO/IEC 14496-12 §8.16.5). */
export interface ReadProducerTime {
  readonly trackId: number;
  /** UTC, milliseconds since 1970. */
  readonly ntpMs: number;
  /** On the timeline of units. */
  readonly ticks: Ticks;
  /** See `ProducerTime.flags`. */
  readonly flags: number;
}

export interface FragmentReaderEvents {
  /** The tracks that can be read, as in the file: of each new moov box, and each time one changes. Before its units. */
  onTracks(tracks: readonly Track[]): void;
  /** One access unit, a fresh object. Its `data` is valid until the call returns: copy it. */
  onUnit(unit: AccessUnit): void;
  /** An emsg box; its time is absolute, whatever the version. Before the units of the fragment that follows it. */
  onEvent?(event: EventMessage): void;
  onProducerTime?(time: ReadProducerTime): void;
  /** Something was counted (see `FragmentCounters`), or a track cannot be read. */
  onProblem?(code: FragmentProblem): void;
}

export interface FragmentReaderOptions extends FragmentReaderEvents {
  /** Of media data in one fragment; 128 MiB when absent. */
  readonly maxDataBytes?: number;
}

const MAX_MOVIE_BYTES = 32 << 20;
const MAX_FRAGMENT_BYTES = 8 << 20;
const MAX_EVENT_BYTES = 1 << 20;
const MAX_DATA_BYTES = 128 << 20;
const MAX_WAITING_EVENTS = 256;
const NTP_EPOCH_S = 2_208_988_800;
const PASS: BoxPlan = { bytes: 0, limit: 0 };
const NO_DEFAULTS = { duration: 0, size: 0, flags: 0 };

/**
 * Takes fragmented MP4 and CMAF apart into access units (see `AccessUnit` for what their bytes are), from any split of
 * the bytes: a header, then segments or chunks, each with as many fragments as it likes; another header may follow at any
 * time. Units of a fragment come in the order of their decoding times, tracks mixed. Times are those of the file at 90
 * kHz, its edit list applied. What stands in the moov box itself is not read: see `parseMovie`.
 *
 * Broken boxes are violations: `push` throws `IsoProblem`, and only `reset` makes the reader usable again. Broken samples
 * are counted.
 */
export class FragmentReader implements BoxSink {
  readonly counters: FragmentCounters = { units: 0, damaged: 0, dropped: 0 };
  /** UTC, milliseconds: set it before a push; units carry it. */
  wallMs = 0;

  readonly #events: FragmentReaderOptions;
  readonly #maxDataBytes: number;
  readonly #stream = new BoxStream(this);
  readonly #tracks = new Map<number, FragmentTrack>();
  /** The tracks in an array, for what runs once for each unit. */
  #ordered: FragmentTrack[] = [];
  #movie: Uint8Array | undefined;
  #waitingEvents: ReadEvent[] = [];

  constructor(options: FragmentReaderOptions) {
    this.#events = options;
    this.#maxDataBytes = options.maxDataBytes ?? MAX_DATA_BYTES;
  }

  /** The tracks that can be read. */
  get tracks(): readonly Track[] {
    return this.#ordered.map(({ track }) => track);
  }

  /** Takes the next bytes. Throws `IsoProblem`: `isobmff.box-size`, `isobmff.box-limit`, `isobmff.table`, `isobmff.too-large`. */
  push(bytes: Uint8Array): void {
    this.#stream.push(bytes);
  }

  /** The next bytes begin a box, and another timeline: units are marked so. The tracks stay. */
  reset(): void {
    this.#stream.reset();
    this.#waitingEvents = [];
    for (const track of this.#ordered) {
      track.clear();
      track.discontinuity = true;
    }
  }

  /** For the stream of boxes. */
  plan(box: Box): BoxPlan {
    const bytes = box.end - box.at;
    switch (box.type) {
      case "moov":
        return { bytes, limit: MAX_MOVIE_BYTES };
      case "moof":
        return { bytes, limit: MAX_FRAGMENT_BYTES };
      case "emsg":
      case "prft":
        return { bytes, limit: MAX_EVENT_BYTES };
      case "mdat": {
        // As much as samples wait for: some boxes say more than there is.
        const last = this.#lastByte();
        return last <= box.start
          ? PASS
          : { bytes: Math.min(bytes, last - box.at), limit: this.#maxDataBytes };
      }
      default:
        return PASS;
    }
  }

  /** For the stream of boxes. */
  take(box: Box, bytes: Uint8Array): void {
    const header = box.start - box.at;
    switch (box.type) {
      case "moov":
        this.#takeMovie(bytes);
        break;
      case "moof":
        this.#takeFragment(bytes, box.at);
        break;
      case "mdat":
        this.#takeData(bytes, box.at);
        break;
      case "emsg":
        this.#takeEvent(bytes.subarray(header));
        break;
      default:
        this.#takeProducerTime(bytes.subarray(header));
    }
  }

  #takeMovie(bytes: Uint8Array): void {
    // The header comes again with each segment from some servers.
    if (this.#movie !== undefined && equalBytes(this.#movie, bytes)) return;
    this.#abandon();
    const movie = readMovieBox(bytes);
    const again = this.#movie !== undefined;
    this.#movie = bytes.slice();
    this.#tracks.clear();
    for (const box of movie.tracks) {
      const { details, trackId } = box;
      if (typeof details === "string") {
        this.#problem(`isobmff.${details}`);
        continue;
      }
      const track = new FragmentTrack(box, details, movie.defaults?.get(trackId) ?? NO_DEFAULTS);
      track.discontinuity = again;
      this.#tracks.set(trackId, track);
    }
    this.#ordered = [...this.#tracks.values()];
    this.#events.onTracks(this.tracks);
  }

  #takeFragment(bytes: Uint8Array, at: number): void {
    this.#abandon();
    if (this.#movie === undefined) this.#problem("isobmff.no-init");
    const { dropped } = readFragment(bytes, { tracks: this.#tracks, at });
    this.counters.dropped += dropped;
    this.#tellEvents();
  }

  /** Samples that still wait when the next fragment comes have no data. */
  #abandon(): void {
    for (const track of this.#ordered) {
      const lost = track.clear();
      if (lost === 0) continue;
      this.counters.damaged += lost - 1;
      this.#damaged(track);
    }
  }

  #lastByte(): number {
    let last = 0;
    for (const track of this.#ordered) last = Math.max(last, track.lastByte);
    return last;
  }

  /** Hands on the units in media data of which `bytes` are there, from the offset `at`. */
  #takeData(bytes: Uint8Array, at: number): void {
    const end = at + bytes.length;
    for (let track = this.#next(end); track !== undefined; track = this.#next(end)) {
      const from = track.offset - at;
      const to = from + track.size;
      if (from >= 0 && to <= bytes.length) this.#deliver(track, bytes.subarray(from, to));
      else {
        track.skip();
        this.#damaged(track);
      }
    }
  }

  /** Of the tracks whose first sample begins before `end`, that with the earliest. What is later may be in another mdat. */
  #next(end: number): FragmentTrack | undefined {
    let next: FragmentTrack | undefined;
    for (const track of this.#ordered) {
      if (track.waiting === 0 || (track.offset >= end && track.offset + track.size > end)) continue;
      if (next === undefined || track.dts < next.dts) next = track;
    }
    return next;
  }

  #deliver(track: FragmentTrack, sample: Uint8Array): void {
    const unit = track.take(sample, this.wallMs);
    if (track.unpacker.damaged) this.#countDamage();
    if (track.toldVersion !== track.unpacker.version) {
      track.toldVersion = track.unpacker.version;
      this.#events.onTracks(this.tracks);
    }
    if (unit === undefined) {
      this.counters.dropped++;
      return;
    }
    this.counters.units++;
    this.#events.onUnit(unit);
  }

  #damaged(track: FragmentTrack): void {
    track.discontinuity = true;
    this.#countDamage();
  }

  #countDamage(): void {
    this.counters.damaged++;
    this.#problem("isobmff.damaged");
  }

  #takeEvent(payload: Uint8Array): void {
    const read = readEventMessage(payload);
    if (read === undefined || this.#waitingEvents.length === MAX_WAITING_EVENTS) this.#countDamage();
    else this.#waitingEvents.push(read);
  }

  /** Events before a fragment belong to it: those of version 0 count from its beginning (ISO/IEC 23009-1 §5.10.3.3.4). */
  #tellEvents(): void {
    const waiting = this.#waitingEvents;
    if (waiting.length === 0) return;
    this.#waitingEvents = [];
    let earliest = Number.POSITIVE_INFINITY;
    for (const track of this.#ordered) earliest = Math.min(earliest, track.pts);
    for (const { version, event } of waiting) {
      const base = version === 0 && Number.isFinite(earliest) ? timeOf(earliest, event.timescale) : 0;
      this.#events.onEvent?.({ ...event, presentationTime: base + event.presentationTime });
    }
  }

  #takeProducerTime(payload: Uint8Array): void {
    const reader = new ByteReader(payload);
    const version = reader.u8();
    const flags = reader.u24();
    const trackId = reader.u32();
    const seconds = reader.u32();
    const fraction = reader.u32();
    const mediaTime = version === 0 ? reader.u32() : reader.u64();
    const track = this.#tracks.get(trackId);
    if (reader.overrun || version > 1 || track === undefined || !Number.isSafeInteger(mediaTime)) return;
    // NTP's seconds begin anew in 2036.
    const era = seconds < 2 ** 31 ? 2 ** 32 : 0;
    const ntpMs = Math.round((seconds + era - NTP_EPOCH_S) * 1000 + (fraction * 1000) / 2 ** 32);
    const ticks = ticksOf(mediaTime + track.box.shift, track.box.timescale);
    this.#events.onProducerTime?.({ trackId, ntpMs, ticks, flags });
  }

  #problem(code: FragmentProblem): void {
    this.#events.onProblem?.(code);
  }
}
