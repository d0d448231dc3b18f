import { type EventMessage, fragmentHead, type Sample, storedData } from "@millrace/isobmff";
import type { AccessUnit, Ticks, Track } from "@millrace/model";
import { FrameCadence } from "./frame-cadence.ts";
import { fromTimescale, toTimescale } from "./media-clock.ts";
import { type CmafTrack, type PartRecord, partKey, type SegmentRecord, segmentKey } from "./model.ts";
import { PartBuffer } from "./part-buffer.ts";

/** Timestamps may be so far from where the frame before ended and still be meant to follow it, seconds. */
const SNAP_S = 0.01;
/** A frame is taken to last no longer while nothing is known of frames, seconds. */
const LONGEST_S = 2.5;
/** Longer holes are left to see, seconds. */
const FILL_S = 1.5;
const TRACK_ID = 1;

/** Where finished pieces go. Bytes are valid during the call only. */
export interface CutterOutput {
  /** One more part of a segment; `segment` is what is known of it now. */
  part(segment: SegmentRecord, part: PartRecord, data: readonly Uint8Array[]): void;
  /** The segment has all its parts. `text`: it as a WebVTT file, of key `segment.vtt`. */
  segment(segment: SegmentRecord, text?: string): void;
}

export interface TrackCutterOptions {
  readonly track: CmafTrack;
  readonly source: Track;
  /** Where the same track of the period before ended: media timeline, 90 kHz. */
  readonly notBefore: Ticks;
  /** By how much samples are decoded before the times that count here, in the track's timescale: that of reordered frames. */
  readonly delayTicks: number;
  /** Longest part, in the track's timescale. */
  readonly partTicks: () => number;
  readonly output: CutterOutput;
}

/** A segment about to begin. */
export interface SegmentStart {
  readonly msn: number;
  /** Where the leading track's begins: media timeline, 90 kHz. */
  readonly ticks: Ticks;
  readonly period: number;
  /** To add to the media timeline to have UTC, milliseconds. */
  readonly utcOffsetMs: number;
}

interface OpenSegment extends SegmentStart {
  readonly startTicks: number;
  readonly independent: boolean;
  readonly parts: PartRecord[];
  bytes: number;
}

interface Pending {
  durationTicks: number;
  readonly compositionOffsetTicks: number;
  readonly key: boolean;
  readonly disposable: boolean;
  readonly size: number;
}

/** Cuts one track into segments where it is told to, and these into parts. */
export class TrackCutter {
  readonly track: CmafTrack;
  readonly cadence: FrameCadence;
  readonly #options: TrackCutterOptions;
  readonly #buffer = new PartBuffer();
  readonly #data: Uint8Array[] = [];
  #pending: Pending[] = [];
  #events: EventMessage[] = [];
  /** Start of the open part; the times of samples count from there. */
  #partStart = 0;
  #lastTime = 0;
  /** Where the last closed part was said to end. */
  #end = 0;
  #sequence = 0;
  #open: OpenSegment | undefined;
  #next: SegmentStart | undefined;

  constructor(options: TrackCutterOptions) {
    this.#options = options;
    this.track = options.track;
    this.#end = toTimescale(options.notBefore, this.track.timescale);
    this.cadence = new FrameCadence(frameTicksOf(options.source));
  }

  /** Number of the segment that the next sample belongs to. */
  get msn(): number {
    return this.#next?.msn ?? this.#open?.msn ?? -1;
  }

  /** Where the last sample began, 90 kHz. */
  get lastTicks(): Ticks {
    return fromTimescale(this.#lastTime, this.track.timescale);
  }

  /** Media timeline, 90 kHz: where what there is so far ends. */
  get endTicks(): Ticks {
    const open = this.#pending.length > 0 ? this.#lastTime + this.#frameTime() : this.#end;
    return fromTimescale(Math.max(open, this.#end), this.track.timescale);
  }

  /** Nothing came yet. */
  get isEmpty(): boolean {
    return this.#sequence === 0 && this.#pending.length === 0;
  }

  /** Closes the open segment; the next sample begins this one, at about `start.ticks`. */
  begin(start: SegmentStart): void {
    if (this.#next !== undefined) this.#skip(this.#next, start.ticks);
    else this.endSegment(start.ticks);
    this.#next = start;
  }

  /** Ends the last segment of a period, whose leading track ends at `end`. */
  finish(end: Ticks): void {
    if (this.#next !== undefined) this.#skip(this.#next, end);
    else this.endSegment(end);
    this.#next = undefined;
  }

  event(event: EventMessage): void {
    this.#events.push(event);
  }

  /**
   * `dts` and `pts` on the media timeline, 90 kHz; `dts` is later than that of the file by the delay, so that a key frame's is
   * when it is shown.
   */
  sample(unit: AccessUnit, dts: Ticks, pts: Ticks): void {
    const { timescale } = this.track;
    const stamped = toTimescale(dts, timescale);
    if (this.#isHole(stamped)) this.endPart();
    const time = this.#join(stamped);
    const next = this.#next;
    if (next !== undefined) {
      this.#open = { ...next, startTicks: time, independent: unit.key, parts: [], bytes: 0 };
      this.#next = undefined;
    }
    const open = this.#open;
    if (open === undefined) return;
    if (this.#pending.length > 0 && this.#isFull(time - this.#partStart)) this.endPart(time);
    if (this.#pending.length === 0) this.#partStart = time;
    this.#data.length = 0;
    const size = storedData(this.#options.source, unit, this.#data);
    for (const part of this.#data) this.#buffer.append(part);
    // One that fills a hole is shown sooner by as much.
    const shown = this.#fills(stamped) ? stamped : time;
    const compositionOffsetTicks = toTimescale(pts, timescale) - shown + this.#options.delayTicks;
    const disposable = false;
    this.#pending.push({ durationTicks: 0, compositionOffsetTicks, key: unit.key, disposable, size });
    this.#lastTime = time;
    this.cadence.push(time, unit.key);
    const frame = this.#frameTime();
    if (frame === 0) return;
    const end = time + frame;
    if (this.#isFull(end - this.#partStart) || this.#isEvenPart(frame)) this.endPart(end);
  }

  #isEvenPart(frame: number): boolean {
    if (this.track.kind !== "video") return false;
    // Half a millisecond, for timestamps that are rounded.
    const most = Math.floor((this.#options.partTicks() + this.track.timescale / 2000) / frame);
    return most > 0 && this.cadence.endsPart(most) === true;
  }

  /** Closes the open part, which lasts until `end`, or as long as frames usually do. */
  endPart(end?: number): void {
    const [open, pending] = [this.#open, this.#pending];
    const last = pending[pending.length - 1];
    if (open === undefined || last === undefined) return;
    const endTime = end ?? this.#lastTime + Math.max(1, this.#frameTime());
    last.durationTicks = Math.max(1, endTime - this.#lastTime);
    this.#end = this.#lastTime + last.durationTicks;
    const key = partKey(this.track.name, this.#partStart);
    const head = this.#head(open, pending);
    const bytes = head.length + this.#buffer.length;
    const independent = pending[0]?.key === true;
    const durationTicks = this.#end - this.#partStart;
    const keyBytes = independent ? head.length + (pending[0]?.size ?? 0) : undefined;
    const part: PartRecord = {
      key,
      startTicks: this.#partStart,
      durationTicks,
      independent,
      bytes,
      ...(keyBytes !== undefined && this.track.kind === "video" && { keyBytes }),
    };
    open.parts.push(part);
    open.bytes += bytes;
    this.#options.output.part(this.#record(open, false), part, [head, this.#buffer.bytes]);
    this.#pending = [];
    this.#events = [];
    this.#buffer.clear();
  }

  /** Closes the open segment, at `end` (media timeline, 90 kHz) if its last frame reaches about so far. */
  endSegment(end: Ticks): void {
    const open = this.#open;
    if (open === undefined) return;
    const time = toTimescale(end, this.track.timescale);
    const lasts = time - this.#lastTime;
    const fits =
      this.track.kind === "video" &&
      lasts > 0 &&
      lasts < 2 * (this.#frameTime() || LONGEST_S * this.track.timescale);
    if (this.#pending.length > 0) this.endPart(fits ? time : undefined);
    this.#open = undefined;
    this.#options.output.segment(this.#record(open, true));
  }

  /** Nothing came for a whole segment. */
  #skip(start: SegmentStart, end: Ticks): void {
    const { timescale } = this.track;
    const startTicks = Math.max(this.#end, toTimescale(start.ticks, timescale));
    this.#end = Math.max(startTicks + 1, toTimescale(end, timescale));
    const open = { ...start, startTicks, independent: true, parts: [], bytes: 0 };
    this.#options.output.segment({ ...this.#record(open, true), gap: true });
  }

  #isFull(durationTicks: number): boolean {
    const frame = this.#frameTime();
    // Half a millisecond, for timestamps that are rounded.
    return durationTicks + frame > this.#options.partTicks() + this.track.timescale / 2000;
  }

  /** So much is missing that the part would be too long with it. */
  #isHole(time: number): boolean {
    const frame = this.#frameTime();
    if (this.#pending.length === 0 || frame === 0) return false;
    return time - this.#lastTime > 2 * frame && time - this.#partStart > this.#options.partTicks();
  }

  /**
   * Frames are missing between the last part and this one, which is the first of another: it begins where that one ended.
   * Players stop at holes in the picture, or jump over them.
   */
  #fills(time: number): boolean {
    if (this.track.kind !== "video" || this.#pending.length > 0 || this.#sequence === 0) return false;
    return time > this.#end && time - this.#end <= this.track.timescale * FILL_S;
  }

  #frameTime(): number {
    return this.cadence.frameTicks;
  }

  /** Settles how long the last sample lasted, and when this one begins. */
  #join(time: number): number {
    const last = this.#pending[this.#pending.length - 1];
    const frame = this.#frameTime();
    const expected = last === undefined ? this.#end : this.#lastTime + frame;
    const slack = Math.min(this.track.timescale * SNAP_S, frame / 2);
    // Audio has a clock of its own, which timestamps only round; other frames are taken at their word inside a part.
    const snaps = last === undefined || this.track.kind === "audio";
    const snapped = snaps && expected > 0 && Math.abs(time - expected) <= slack ? expected : time;
    const begins = this.#fills(time)
      ? this.#end
      : Math.max(snapped, last === undefined ? this.#end : this.#lastTime + 1);
    if (last !== undefined) last.durationTicks = begins - this.#lastTime;
    return begins;
  }

  #head(open: OpenSegment, samples: readonly Sample[]): Uint8Array {
    const first = open.parts.length === 0;
    return fragmentHead({
      sequence: ++this.#sequence,
      ...(first ? { styp: ["msdh", "msix", "cmfs", "cmff"] } : {}),
      ...(first ? { producerTime: this.#producerTime(open) } : {}),
      ...(this.#events.length > 0 ? { events: this.#events } : {}),
      runs: [{ trackId: TRACK_ID, baseDecodeTime: this.#partStart - this.#options.delayTicks, samples }],
    });
  }

  #producerTime(open: OpenSegment) {
    const mediaTime = this.#partStart - this.#options.delayTicks;
    return { trackId: TRACK_ID, ntpMs: this.#wallMs(open, this.#partStart), mediaTime };
  }

  #wallMs(start: SegmentStart, time: number): number {
    return Math.round((time * 1000) / this.track.timescale) + start.utcOffsetMs;
  }

  #record(open: OpenSegment, complete: boolean): SegmentRecord {
    const { name } = this.track;
    const { msn, period, startTicks, independent, parts, bytes } = open;
    const durationTicks = this.#end - startTicks;
    const key = segmentKey(name, startTicks);
    const wallMs = this.#wallMs(open, startTicks);
    return {
      track: name,
      key,
      msn,
      period,
      startTicks,
      durationTicks,
      independent,
      wallMs,
      bytes,
      parts: [...parts],
      complete,
    };
  }
}

/** How long a frame lasts in the track's timescale, where the headers say so; else 0. */
function frameTicksOf({ audio, video, kind }: Track): number {
  if (kind === "audio") return audio?.frameSamples ?? 0;
  const rate = video?.frameRate;
  return rate === undefined || rate.num <= 0 ? 0 : Math.round((90_000 * rate.den) / rate.num);
}
