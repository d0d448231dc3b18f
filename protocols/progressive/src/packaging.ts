import type { PackagedLane, PackagedWriter, Packaging, StreamHost } from "@millrace/engine";
import { UnitReader } from "@millrace/engine";
import { type AccessUnit, TICKS_PER_SECOND, type Track } from "@millrace/model";
import { titleOf } from "./id3-title.ts";
import { type FramedTrack, type Framer, LANE_FORMATS, type LaneFormat } from "./lane-formats.ts";
import { type LaneTrack, numberTracks, writeLaneHeader } from "./lane-tracks.ts";
import { StreamClock } from "./stream-clock.ts";
import { TrackClock } from "./track-clock.ts";

/** The frames of a stream as they stand in files of a kind, made once for all who get one. */
export const PACKAGINGS: readonly PackagedLane[] = LANE_FORMATS.map((format) => ({
  lane: format.lane,
  open: (host, into) => new FilePackaging(host, into, format),
}));

/** How often a stream without video gives its players a place to start. */
const AUDIO_KEY_TICKS = TICKS_PER_SECOND;

interface OpenTrack extends FramedTrack {
  readonly leads: boolean;
}

class FilePackaging implements Packaging {
  readonly #units: UnitReader;
  readonly #into: PackagedWriter;
  readonly #format: LaneFormat;
  readonly #framer: Framer;
  readonly #clock = new StreamClock();
  readonly #data: Uint8Array[] = [];
  /** Used again for each frame. */
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
  #all: readonly LaneTrack[] = [];
  #titleTracks = new Set<number>();
  #title = "";
  #lastKey = Number.NEGATIVE_INFINITY;

  constructor(host: StreamHost, into: PackagedWriter, format: LaneFormat) {
    this.#into = into;
    this.#format = format;
    this.#framer = format.framer();
    const reader = host.read("units", "key");
    this.#units = new UnitReader(reader);
    // What is known of the tracks now holds for what lies behind as well, of which less was known at the time.
    this.#setTracks(this.#units.tracks);
    this.#units.onTracks = (tracks) => {
      if (!isLess(tracks, this.#all)) this.#setTracks(tracks);
    };
    reader.onReadable = () => this.#pump();
    this.#pump();
  }

  dispose(): void {
    this.#units.close();
  }

  #setTracks(tracks: readonly Track[]): void {
    const before = this.#tracks;
    this.#tracks = new Map();
    this.#all = numberTracks(tracks);
    const taken = this.#all.filter(({ track }) => this.#format.takes(track));
    const leader = taken.find(({ track }) => track.kind === "video") ?? taken[0];
    for (const each of taken) {
      const { track } = each;
      const known = before.get(track.id);
      const goesOn = known !== undefined && known.number === each.number && sameClock(known.track, track);
      const clock = goesOn ? known.clock : new TrackClock(track);
      this.#tracks.set(track.id, { ...each, clock, stored: storedAs(track), leads: each === leader });
    }
    this.#titleTracks = new Set(tracks.filter(({ codec }) => codec === "id3").map(({ id }) => id));
    this.#tell();
  }

  #tell(): void {
    const tracks = this.#all.filter(({ track }) => this.#tracks.has(track.id));
    this.#into.setHeader(writeLaneHeader({ tracks, title: this.#title }));
  }

  #pump(): void {
    for (let unit = this.#units.next(); unit !== undefined; unit = this.#units.next()) this.#unit(unit);
  }

  #unit(unit: AccessUnit): void {
    const track = this.#tracks.get(unit.track);
    if (track === undefined) {
      if (this.#titleTracks.has(unit.track)) this.#hearTitle(unit);
      return;
    }
    const { clock, leads, number } = track;
    if (leads && !this.#clock.started && !unit.key) return;
    if (leads) this.#clock.lead(unit.dts, clock.frameTicks);
    else if (!this.#clock.holds(unit.dts)) return;
    const { offset } = this.#clock;
    if (!clock.next(unit, offset)) return;
    this.#data.length = 0;
    if (!this.#framer.frame(track, unit, this.#data)) return;
    const dts = unit.dts + offset;
    const message = this.#message;
    message.track = number;
    message.dts = dts;
    message.pts = unit.pts + offset;
    message.key = leads && unit.key && this.#startsHere(track, dts);
    message.discontinuity = unit.discontinuity;
    this.#into.put(message);
  }

  #startsHere({ track }: OpenTrack, dts: number): boolean {
    if (track.kind === "audio" && dts - this.#lastKey < AUDIO_KEY_TICKS) return false;
    this.#lastKey = dts;
    return true;
  }

  #hearTitle(unit: AccessUnit): void {
    const title = titleOf(unit.data);
    if (title === undefined || title === this.#title) return;
    this.#title = title;
    this.#tell();
  }
}

/** MPEG-4 part 2 keeps its headers in the frames, so that they may change; parameter sets have `LateSets` for that. */
function storedAs(track: Track): Track {
  if (track.codec !== "mpeg4") return track;
  const { config: _, ...bare } = track;
  return bare;
}

/** Whether these are the same tracks, of which less is known. */
function isLess(tracks: readonly Track[], known: readonly LaneTrack[]): boolean {
  const made = numberTracks(tracks);
  return (
    made.length === known.length &&
    made.every(({ track }, i) => {
      const other = known[i]?.track;
      if (other === undefined || other.id !== track.id || other.codec !== track.codec) return false;
      return track.config === undefined
        ? other.config !== undefined
        : JSON.stringify(other) === JSON.stringify(track);
    })
  );
}

function sameClock(a: Track, b: Track): boolean {
  return (
    a.codec === b.codec &&
    a.audio?.sampleRate === b.audio?.sampleRate &&
    a.audio?.frameSamples === b.audio?.frameSamples
  );
}
