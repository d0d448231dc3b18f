import { TICKS_PER_SECOND, type Ticks } from "@millrace/model";
import {
  hasPcr,
  PACKET_SIZE,
  PacketAligner,
  pidOf,
  readPcrBase,
  SYNC_BYTE,
  ticksDiff,
} from "@millrace/mpegts";
import type { LoadedPiece } from "./piece.ts";
import type { MediaQueue } from "./player.ts";

/** Where transport stream goes. */
export interface TsSink {
  ts(bytes: Uint8Array): void;
  discontinuity(): void;
  count(name: string, by?: number): void;
}

/** Steps of the PCR beyond this, or back, are breaks: a minute, as segments may be missing. */
const STEP_MAX = 60 * TICKS_PER_SECOND;
/** Handed on at once, at most. */
const BURST_BYTES = 512 * PACKET_SIZE;

interface Stretch {
  readonly bytes: Uint8Array;
  /** Offsets of packets whose time is known, beginning and end among them, and these times. */
  readonly offsets: readonly number[];
  readonly times: readonly Ticks[];
  readonly breaks: boolean;
  /** How far it has been handed on, and the mark before that. */
  at: number;
  mark: number;
}

/** Segments of transport stream, handed on as their PCRs say. Times count from the first packet on. */
export class TsQueue implements MediaQueue {
  readonly #sink: TsSink;
  readonly #stretches: Stretch[] = [];
  #pcrPid = -1;
  #pcr = Number.NaN;
  #pcrTime: Ticks = 0;
  #init: LoadedPiece["init"];
  endTicks: Ticks = 0;
  waitingBytes = 0;

  constructor(sink: TsSink) {
    this.#sink = sink;
  }

  get ready(): boolean {
    return this.#stretches.length > 0;
  }

  get nextTicks(): Ticks {
    const first = this.#stretches[0];
    return first === undefined ? Number.POSITIVE_INFINITY : timeAt(first, first.at);
  }

  /** Puts a segment or a part behind the others; returns the time that it begins with, infinite for an empty one. */
  push(loaded: LoadedPiece): Ticks {
    const { piece, init } = loaded;
    if (init !== undefined && init !== this.#init) this.#add(init.bytes, 0, false);
    this.#init = init;
    return this.#add(loaded.bytes, (piece.durationUs * TICKS_PER_SECOND) / 1e6, piece.discontinuity);
  }

  release(until: Ticks): void {
    for (let first = this.#stretches[0]; first !== undefined; first = this.#stretches[0]) {
      if (first.at === 0 && timeAt(first, 0) > until) return;
      if (first.at === 0 && first.breaks) this.#sink.discontinuity();
      const end = offsetAt(first, until);
      for (; first.at < end; ) {
        const next = Math.min(end, first.at + BURST_BYTES);
        this.#sink.ts(first.bytes.subarray(first.at, next));
        this.waitingBytes -= next - first.at;
        first.at = next;
      }
      if (first.at < first.bytes.length) return;
      this.#stretches.shift();
    }
  }

  flush(): void {
    // Every packet has a time as soon as it is here.
  }

  #add(given: Uint8Array, durationTicks: Ticks, discontinuity: boolean): Ticks {
    const bytes = this.#aligned(given);
    if (bytes.length === 0) return Number.POSITIVE_INFINITY;
    const [offsets, raws] = this.#findPcrs(bytes);
    const estimate = durationTicks / bytes.length;
    const pace = averagePace(offsets, raws) ?? estimate;
    const begin = this.endTicks;
    const marks = { offsets: [0], times: [begin] };
    let breaks = discontinuity;
    for (const [i, offset] of offsets.entries()) {
      const raw = raws[i] as number;
      const step = ticksDiff(this.#pcr, raw);
      const follows = !Number.isNaN(this.#pcr) && step > 0 && step < STEP_MAX && !(i === 0 && discontinuity);
      breaks ||= i === 0 && !follows && !Number.isNaN(this.#pcr);
      const last = marks.times.length - 1;
      const since = offset - (marks.offsets[last] as number);
      const time = follows ? this.#pcrTime + step : (marks.times[last] as number) + since * pace;
      // What lies before the first PCR goes as evenly as the rest.
      if (i === 0) marks.times[0] = Math.max(begin, time - offset * pace);
      if (offset > 0) {
        marks.offsets.push(offset);
        marks.times.push(Math.max(time, marks.times[last] as number));
      }
      this.#pcr = raw;
      this.#pcrTime = time;
    }
    const last = marks.offsets.length - 1;
    const rest = bytes.length - (marks.offsets[last] as number);
    this.endTicks = (marks.times[last] as number) + rest * (offsets.length === 0 ? estimate : pace);
    marks.offsets.push(bytes.length);
    marks.times.push(this.endTicks);
    this.waitingBytes += bytes.length;
    this.#stretches.push({ bytes, ...marks, breaks, at: 0, mark: 0 });
    return marks.times[0] as number;
  }

  /** Offsets and values of the PCRs that count: those of one PID, as long as it has any. */
  #findPcrs(bytes: Uint8Array): [offsets: number[], raws: number[]] {
    for (const again of [false, true]) {
      const offsets: number[] = [];
      const raws: number[] = [];
      for (let at = 0; at < bytes.length; at += PACKET_SIZE) {
        if (((bytes[at + 3] as number) & 0x20) === 0 || !hasPcr(bytes, at)) continue;
        if (this.#pcrPid < 0) this.#pcrPid = pidOf(bytes, at);
        if (pidOf(bytes, at) !== this.#pcrPid) continue;
        offsets.push(at);
        raws.push(readPcrBase(bytes, at + 6));
      }
      if (offsets.length > 0 || again || this.#pcrPid < 0) return [offsets, raws];
      this.#pcrPid = -1;
      this.#pcr = Number.NaN;
    }
    return [[], []];
  }

  /** Whole packets, one behind the other. */
  #aligned(given: Uint8Array): Uint8Array {
    if (isAligned(given)) return given;
    const parts: Uint8Array[] = [];
    const aligner = new PacketAligner((buf, start, count) => {
      parts.push(buf.slice(start, start + count * PACKET_SIZE));
    });
    aligner.push(given);
    aligner.flush();
    if (aligner.rubbishBytes > 0) this.#sink.count("rubbishBytes", aligner.rubbishBytes);
    return joined(parts);
  }
}

/** Whether it is whole packets and nothing else. */
export function isAligned(bytes: Uint8Array): boolean {
  if (bytes.length % PACKET_SIZE !== 0) return false;
  for (let at = 0; at < bytes.length; at += PACKET_SIZE) if (bytes[at] !== SYNC_BYTE) return false;
  return true;
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Ticks to a byte; undefined where two PCRs do not tell. */
function averagePace(offsets: readonly number[], raws: readonly number[]): number | undefined {
  let ticks = 0;
  let bytes = 0;
  for (let i = 1; i < offsets.length; i++) {
    const step = ticksDiff(raws[i - 1] as number, raws[i] as number);
    if (step <= 0 || step >= STEP_MAX) continue;
    ticks += step;
    bytes += (offsets[i] as number) - (offsets[i - 1] as number);
  }
  return bytes === 0 ? undefined : ticks / bytes;
}

/** Time of the byte at `offset`, which is not before `stretch.at`. */
function timeAt(stretch: Stretch, offset: number): Ticks {
  const { offsets, times } = stretch;
  while (stretch.mark + 2 < offsets.length && (offsets[stretch.mark + 1] as number) <= offset) stretch.mark++;
  const { mark } = stretch;
  const from = offsets[mark] as number;
  const length = (offsets[mark + 1] as number) - from;
  const begin = times[mark] as number;
  return begin + (((times[mark + 1] as number) - begin) * (offset - from)) / length;
}

/** Where the packets end that are due at `until`. */
function offsetAt(stretch: Stretch, until: Ticks): number {
  const { offsets, times, bytes } = stretch;
  if (until >= (times.at(-1) as number)) return bytes.length;
  let { mark } = stretch;
  while ((times[mark + 1] as number) <= until) mark++;
  const from = offsets[mark] as number;
  const begin = times[mark] as number;
  const share = (until - begin) / ((times[mark + 1] as number) - begin);
  const packets = Math.floor((share * ((offsets[mark + 1] as number) - from)) / PACKET_SIZE) + 1;
  return Math.min(Math.max(from + packets * PACKET_SIZE, stretch.at), bytes.length);
}
