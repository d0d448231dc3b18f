import { fragmentHead, type Sample, type WebvttCue, webvttSample } from "@millrace/isobmff";
import type { Ticks } from "@millrace/model";
import { type CmafTrack, type PartRecord, partKey, type SegmentRecord, segmentKey, vttKey } from "./model.ts";
import type { CutterOutput } from "./track-cutter.ts";
import { type CueStretch, writeVttSegment } from "./vtt-segment.ts";

const TRACK_ID = 1;
const NOTHING: readonly WebvttCue[] = [];

/** A part of the leading track, beside which text is cut; times on the media timeline, 90 kHz. */
export interface TextPlace {
  /** The leading track's segment. */
  readonly segment: Pick<SegmentRecord, "msn" | "period" | "wallMs">;
  readonly segmentTicks: Ticks;
  readonly startTicks: Ticks;
  readonly endTicks: Ticks;
}

interface OpenSegment {
  readonly msn: number;
  readonly period: number;
  readonly startTicks: Ticks;
  readonly wallMs: number;
  readonly parts: PartRecord[];
  readonly stretches: CueStretch[];
  bytes: number;
}

/**
 * Cuts text where the leading track is cut. Samples fill all the time (ISO/IEC 14496-30 §7.4): what is shown across a
 * boundary is in both pieces. Text that comes too late for a part is shown from the next one on.
 */
export class TextCutter {
  readonly track: CmafTrack;
  readonly #output: CutterOutput;
  /** What is to be shown from when on, in order. */
  #changes: { readonly ticks: Ticks; readonly cues: readonly WebvttCue[] }[] = [];
  #shown: readonly WebvttCue[] = NOTHING;
  #end: Ticks;
  #sequence = 0;
  #open: OpenSegment | undefined;

  /** `notBefore`: where the same track of the period before ended. */
  constructor(track: CmafTrack, notBefore: Ticks, output: CutterOutput) {
    this.track = track;
    this.#end = notBefore;
    this.#output = output;
  }

  get endTicks(): Ticks {
    return this.#end;
  }

  /** From this moment on these cues are shown, and no others. */
  change(ticks: Ticks, cues: readonly WebvttCue[]): void {
    // In order: what is told of one moment again takes the place of what was told first.
    this.#changes.push({ ticks: Math.max(ticks, this.#changes.at(-1)?.ticks ?? ticks), cues });
  }

  part(place: TextPlace): void {
    const from = this.#open === undefined ? Math.max(this.#end, place.startTicks) : this.#end;
    const to = place.endTicks;
    if (to <= from) return;
    this.#open ??= openAt(place, from);
    const stretches = this.#stretches(from, to);
    this.#end = to;
    this.#write(this.#open, stretches);
  }

  /** Closes the open segment. */
  endSegment(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    const vtt = vttKey(this.track.name, open.startTicks);
    const text = writeVttSegment(open.startTicks, open.stretches);
    this.#output.segment({ ...this.#record(open, true), vtt }, text);
  }

  /** What is shown from one moment to another, piece by piece. */
  #stretches(from: Ticks, to: Ticks): CueStretch[] {
    const stretches: CueStretch[] = [];
    let start = from;
    while (this.#changes[0] !== undefined && this.#changes[0].ticks < to) {
      const { ticks, cues } = this.#changes[0];
      this.#changes.shift();
      if (sameCues(cues, this.#shown)) continue;
      if (ticks > start) stretches.push({ startTicks: start, endTicks: ticks, cues: this.#shown });
      start = Math.max(start, ticks);
      this.#shown = cues;
    }
    stretches.push({ startTicks: start, endTicks: to, cues: this.#shown });
    return stretches;
  }

  #write(open: OpenSegment, stretches: readonly CueStretch[]): void {
    const startTicks = stretches[0]?.startTicks ?? this.#end;
    const data = stretches.map(({ cues }) => webvttSample(cues));
    const samples = stretches.map(
      (stretch, i): Sample => ({
        durationTicks: stretch.endTicks - stretch.startTicks,
        compositionOffsetTicks: 0,
        key: true,
        size: data[i]?.length ?? 0,
      }),
    );
    const head = fragmentHead({
      sequence: ++this.#sequence,
      ...(open.parts.length === 0 ? { styp: ["msdh", "msix", "cmfs", "cmff"] } : {}),
      runs: [{ trackId: TRACK_ID, baseDecodeTime: startTicks, samples }],
    });
    const part: PartRecord = {
      key: partKey(this.track.name, startTicks),
      startTicks,
      durationTicks: this.#end - startTicks,
      independent: true,
      bytes: data.reduce((sum, { length }) => sum + length, head.length),
    };
    open.parts.push(part);
    open.stretches.push(...stretches);
    open.bytes += part.bytes;
    this.#output.part(this.#record(open, false), part, [head, ...data]);
  }

  #record(open: OpenSegment, complete: boolean): SegmentRecord {
    const { msn, period, startTicks, wallMs, bytes, parts } = open;
    return {
      track: this.track.name,
      key: segmentKey(this.track.name, startTicks),
      msn,
      period,
      startTicks,
      durationTicks: this.#end - startTicks,
      independent: true,
      wallMs,
      bytes,
      parts: [...parts],
      complete,
    };
  }
}

function openAt({ segment, segmentTicks }: TextPlace, startTicks: Ticks): OpenSegment {
  const { msn, period } = segment;
  const wallMs = segment.wallMs + Math.round((startTicks - segmentTicks) / 90);
  return { msn, period, startTicks, wallMs, parts: [], stretches: [], bytes: 0 };
}

function sameCues(a: readonly WebvttCue[], b: readonly WebvttCue[]): boolean {
  return (
    a.length === b.length &&
    a.every(
      ({ text, id, settings }, i) => text === b[i]?.text && id === b[i].id && settings === b[i].settings,
    )
  );
}
