import { canStore, codecStringOf, initSegment, timescaleOf } from "@millrace/isobmff";
import { type AccessUnit, TICKS_PER_SECOND, type Ticks, type Track } from "@millrace/model";
import { EventTracks } from "./event-tracks.ts";
import { MediaClock, toTimescale } from "./media-clock.ts";
import type { CmafPeriod, CmafTrack, EventRecord } from "./model.ts";
import { nameInit, nameTracks } from "./names.ts";
import { type TextSource, TextTracks, textSourcesOf } from "./text-tracks.ts";
import { type CutterOutput, type SegmentStart, TrackCutter } from "./track-cutter.ts";

/** A track that delivers nothing for so long is left behind: its segment is closed as it is. */
const SILENT_TICKS = 3 * TICKS_PER_SECOND;
/** At the start a track whose headers were not seen is waited for so long. */
const UNKNOWN_TICKS = 2.5 * TICKS_PER_SECOND;
/** A frame that is so far from the leading track belongs to another timeline. */
const APART_TICKS = 10 * TICKS_PER_SECOND;
/** A source without key frames is cut by time alone after this many wanted durations. */
const PATIENCE = 4;

export interface PackagerOptions {
  /** Wanted duration of a segment, milliseconds; cuts fall on key frames. */
  readonly segmentMs: number;
  /** Wanted duration of a part, milliseconds. */
  readonly partMs: number;
  /** Number of the first segment. */
  readonly firstMsn: number;
  /** Seconds that no segment may exceed once rounded, when that is known. */
  readonly targetDurationS: () => number | undefined;
  readonly output: PackagerOutput;
}

export interface PackagerOutput extends CutterOutput {
  /** A period begins; its initialization segments by key. Segments of it follow. */
  period(period: CmafPeriod, inits: ReadonlyMap<string, Uint8Array>): void;
  event(event: EventRecord): void;
}

/** Makes CMAF segments of access units: all tracks are cut where the leading one, the first video track, has key frames. */
export class CmafPackager {
  readonly #options: PackagerOptions;
  readonly #clock = new MediaClock();
  readonly #events: EventTracks;
  readonly #texts: TextTracks;
  #textSources: readonly TextSource[] = [];
  #sources: readonly Track[] = [];
  #cutters = new Map<number, TrackCutter>();
  #leader: TrackCutter | undefined;
  #leaderId = -1;
  #period: CmafPeriod | undefined;
  #periods = 0;
  #nextMsn: number;
  /** Starts of the segments that some track has not begun yet, and of the last one that the leader began. */
  #boundaries: SegmentStart[] = [];
  /** What is added to the leader's DTS, so that its key frame's presentation is where its segment starts. */
  #delay: Ticks = 0;
  #partTicks = 0;
  #lastKey: Ticks = 0;
  #firstKey: Ticks | undefined;
  #hasUnknown = false;
  /** Frames of other pictures that came sooner than those of the leader, copied. */
  #ahead: AccessUnit[] = [];

  constructor(options: PackagerOptions) {
    this.#options = options;
    this.#nextMsn = options.firstMsn;
    this.#texts = new TextTracks(options.output);
    this.#events = new EventTracks((event) => {
      this.#leader?.event(event.message);
      options.output.event(event.record);
    });
  }

  /** Longest part, 90 kHz; 0 while nothing is known of the frames. */
  get partTicks(): Ticks {
    return this.#partTicks;
  }

  /** Ends the period: units that follow are of these tracks. Not where they only are less well known than before. */
  setTracks(tracks: readonly Track[]): void {
    const sources = tracks.filter(
      (track) => isMedia(track) && canStore(track) && codecStringOf(track) !== undefined,
    );
    const textSources = textSourcesOf(tracks);
    this.#hasUnknown = tracks.some((track) => isMedia(track) && track.config === undefined);
    const sameTexts = JSON.stringify(textSources) === JSON.stringify(this.#textSources);
    if (sameTexts && this.#sources.length > 0 && covers(this.#sources, sources, tracks)) return;
    this.#endPeriod();
    this.#sources = sources;
    this.#textSources = textSources;
    this.#events.setTracks(tracks);
    const leader = this.#sources.find(({ kind }) => kind === "video") ?? this.#sources.find(isAudio);
    this.#leaderId = leader?.id ?? -1;
  }

  unit(unit: AccessUnit): void {
    if (unit.track === this.#leaderId) this.#lead(unit);
    else if (this.#events.has(unit.track)) this.#events.unit(unit, this.#clock, this.#period);
    else if (this.#cutters.has(unit.track)) this.#accompany(unit);
    else this.#texts.unit(unit, this.#clock.offset, this.#leader?.lastTicks ?? 0);
    if (this.#texts.isBehind) this.#texts.follow(this.#leader?.endTicks ?? 0, this.#soundEnd());
  }

  /** Ends everything that is open. */
  close(): void {
    this.#endPeriod();
  }

  /** How far all sound has come. */
  #soundEnd(): Ticks {
    let end = Number.POSITIVE_INFINITY;
    for (const cutter of this.#cutters.values())
      if (cutter.track.kind === "audio") end = Math.min(end, cutter.endTicks);
    return end;
  }

  #lead(unit: AccessUnit): void {
    const frameTicks = this.#leader?.cadence.frameTicks ?? 0;
    const goesOn = this.#period !== undefined && this.#clock.continues(unit.dts, unit.wallMs, frameTicks);
    if (!goesOn) {
      this.#endPeriod();
      if (!unit.key || this.#waitsForTracks(unit.dts)) return;
      this.#startPeriod(unit);
    }
    const leader = this.#leader as TrackCutter;
    const dts = unit.dts + this.#clock.offset + this.#delay;
    const pts = unit.pts + this.#clock.offset;
    if (goesOn && this.#shouldCut(unit.key, dts)) {
      this.#addBoundary(dts);
      this.#leaveBehind(dts);
    }
    if (unit.key) this.#lastKey = dts;
    this.#clock.follow(unit.dts, unit.wallMs);
    leader.sample(unit, dts, pts);
    if (this.#ahead.length > 0) this.#catchUp();
  }

  /** Takes frames of other pictures that the leader has come up to. */
  #catchUp(): void {
    const waiting = this.#ahead;
    this.#ahead = [];
    for (const unit of waiting) this.#accompany(unit, true);
  }

  /** What is not known of a track yet will be soon, and would end the period that begins here. */
  #waitsForTracks(dts: Ticks): boolean {
    this.#firstKey ??= dts;
    return this.#hasUnknown && this.#periods === 0 && Math.abs(dts - this.#firstKey) < UNKNOWN_TICKS;
  }

  #accompany(unit: AccessUnit, isCopy = false): void {
    const cutter = this.#cutters.get(unit.track);
    const first = this.#boundaries[0];
    if (cutter === undefined || first === undefined) return;
    const pts = unit.pts + this.#clock.offset;
    // Another picture is cut where the leading one is: its key frames are shown there, too.
    const isVideo = cutter.track.kind === "video";
    const dts = unit.dts + this.#clock.offset + (isVideo ? this.#delay : 0);
    // Before the first key frame, or of another timeline: a jump reaches one track sooner than another.
    if (cutter.isEmpty && (dts < first.ticks || (isVideo && !unit.key))) return;
    const leaderTicks = this.#leader?.lastTicks ?? dts;
    if (Math.abs(dts - leaderTicks) > APART_TICKS) return;
    // Whether a segment begins here is for the leader to say.
    if (isVideo && dts > leaderTicks) {
      this.#ahead.push(isCopy ? unit : { ...unit, data: unit.data.map((part) => part.slice()) });
      return;
    }
    this.#advance(cutter, dts);
    cutter.sample(unit, dts, pts);
  }

  /** Begins the segments that lie before this moment. */
  #advance(cutter: TrackCutter, ticks: Ticks): void {
    for (const boundary of this.#boundaries) {
      if (ticks < boundary.ticks) break;
      if (boundary.msn > cutter.msn) cutter.begin(boundary);
    }
    this.#dropBoundaries();
  }

  #shouldCut(key: boolean, dts: Ticks): boolean {
    const last = this.#boundaries[this.#boundaries.length - 1] as SegmentStart;
    const length = dts - last.ticks;
    const wanted = (this.#options.segmentMs / 1000) * TICKS_PER_SECOND;
    if (key) {
      const gop = Math.max(0, dts - this.#lastKey);
      return this.#leader?.track.kind === "audio" ? length >= wanted : length + gop / 2 >= wanted;
    }
    const targetS = this.#options.targetDurationS();
    return length >= (targetS === undefined ? wanted * PATIENCE : (targetS + 0.4) * TICKS_PER_SECOND);
  }

  #addBoundary(ticks: Ticks): void {
    const { utcOffsetMs } = this.#clock;
    const boundary = { msn: this.#nextMsn++, ticks, period: this.#period?.id ?? 0, utcOffsetMs };
    if (boundary.msn === this.#options.firstMsn + 1) this.#evenOutParts();
    this.#boundaries.push(boundary);
    this.#leader?.begin(boundary);
  }

  /** Closes the segments of tracks that fell silent. */
  #leaveBehind(ticks: Ticks): void {
    for (const cutter of this.#cutters.values()) this.#advance(cutter, ticks - SILENT_TICKS);
  }

  /** Keeps those that some track still has to begin, and the newest. */
  #dropBoundaries(): void {
    let least = Number.POSITIVE_INFINITY;
    for (const cutter of this.#cutters.values()) least = Math.min(least, cutter.msn);
    while (this.#boundaries.length > 1 && (this.#boundaries[1] as SegmentStart).msn <= least) {
      this.#boundaries.shift();
    }
  }

  #startPeriod(unit: AccessUnit): void {
    this.#clock.restart(unit.pts, unit.wallMs, this.#leader?.endTicks ?? 0);
    this.#delay = unit.pts - unit.dts;
    const inits = new Map<string, Uint8Array>();
    const tracks: CmafTrack[] = [];
    const ends = [...this.#cutters.values()].map(({ track, endTicks }) => [track.name, endTicks] as const);
    const before = new Map([...ends, ...this.#texts.ends()]);
    const texts: [TextSource, CmafTrack][] = [];
    this.#cutters = new Map();
    const textTracks = this.#textSources.map(({ track }) => track);
    for (const [source, name] of nameTracks([...this.#sources, ...textTracks])) {
      const timescale = timescaleOf(source);
      const bytes = initSegment([{ trackId: 1, track: source, timescale }]);
      const track = describe(source, { name, timescale, init: nameInit(name, bytes) });
      inits.set(track.init, bytes);
      tracks.push(track);
      const text = this.#textSources.find((each) => each.track === source);
      if (text !== undefined) texts.push([text, track]);
      else this.#cutters.set(source.id, this.#cutterOf(track, source, before.get(name) ?? 0));
    }
    this.#leader = this.#cutters.get(this.#leaderId);
    const startTicks = unit.pts + this.#clock.offset;
    const { utcOffsetMs } = this.#clock;
    this.#period = { id: ++this.#periods, firstMsn: this.#nextMsn, startTicks, utcOffsetMs, tracks };
    this.#options.output.period(this.#period, inits);
    this.#texts.start(texts, ({ name }) => before.get(name));
    this.#boundaries = [];
    this.#addBoundary(startTicks);
    const [first] = this.#boundaries;
    for (const cutter of this.#cutters.values()) {
      if (cutter !== this.#leader && first !== undefined) cutter.begin(first);
    }
  }

  #cutterOf(track: CmafTrack, source: Track, notBefore: Ticks): TrackCutter {
    const partTicks = (): number => this.#partTicksFor(track.timescale);
    const own = this.#options.output;
    const output = source.id === this.#leaderId ? this.#texts.beside(own, track.timescale) : own;
    const delayTicks = source.kind === "video" ? toTimescale(this.#delay, track.timescale) : 0;
    return new TrackCutter({ track, source, notBefore, delayTicks, partTicks, output });
  }

  /** Parts are whole frames of the leader: with few frames a second they are longer than was wanted, at least one frame. */
  #partTicksFor(timescale: number): number {
    if (this.#partTicks === 0) {
      const wanted = (this.#options.partMs / 1000) * TICKS_PER_SECOND;
      const leader = this.#leader;
      const frame = ((leader?.cadence.frameTicks ?? 0) * TICKS_PER_SECOND) / (leader?.track.timescale ?? 1);
      if (frame === 0) return (wanted / TICKS_PER_SECOND) * timescale;
      this.#partTicks = Math.ceil(Math.max(1, Math.round(wanted / frame)) * frame);
    }
    return (this.#partTicks * timescale) / TICKS_PER_SECOND;
  }

  /** At the end of the first segment: parts are as long as divides the groups of pictures evenly. For good. */
  #evenOutParts(): void {
    const { cadence, track } = this.#leader ?? {};
    if (cadence === undefined || track?.kind !== "video" || this.#partTicks === 0) return;
    const frame = (cadence.frameTicks * TICKS_PER_SECOND) / track.timescale;
    const frames = Math.max(1, Math.round(this.#partTicks / frame));
    const gop = cadence.sinceKey;
    if (gop < frames) return;
    this.#partTicks = Math.ceil(Math.ceil(gop / Math.round(gop / frames)) * frame);
  }

  #endPeriod(): void {
    this.#ahead = [];
    if (this.#period === undefined) return;
    const end = this.#leader?.endTicks ?? 0;
    for (const cutter of this.#cutters.values()) {
      for (const boundary of this.#boundaries) if (boundary.msn > cutter.msn) cutter.begin(boundary);
      cutter.finish(end);
    }
    this.#texts.finish();
    this.#period = undefined;
    this.#boundaries = [];
  }
}

/** Whether `known` says all that `sources` do: each is in it just so, and what else is in it is among `tracks`. */
function covers(known: readonly Track[], sources: readonly Track[], tracks: readonly Track[]): boolean {
  const same = (a: Track, b: Track): boolean => JSON.stringify(a) === JSON.stringify(b);
  return (
    sources.every((track) => known.some((each) => same(each, track))) &&
    known.every(
      (track) =>
        sources.some(({ id }) => id === track.id) ||
        tracks.some(
          ({ id, codec, config }) => id === track.id && codec === track.codec && config === undefined,
        ),
    )
  );
}

function isMedia({ kind }: Track): boolean {
  return kind === "video" || kind === "audio";
}

function isAudio({ kind }: Track): boolean {
  return kind === "audio";
}

function describe(source: Track, made: Pick<CmafTrack, "name" | "timescale" | "init">): CmafTrack {
  const { kind, codec, language, audioType, video, audio, config } = source;
  return {
    ...made,
    kind,
    codec,
    codecString: codecStringOf(source) ?? "",
    ...(language === undefined ? {} : { language }),
    ...(audioType === undefined ? {} : { audioType }),
    ...(video === undefined ? {} : { video }),
    ...(audio === undefined ? {} : { audio }),
    ...(config === undefined ? {} : { config }),
  };
}
