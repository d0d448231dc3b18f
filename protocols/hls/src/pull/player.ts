import { type Clock, TICKS_PER_SECOND, type Ticks } from "@millrace/model";
import type { MediaPlaylist } from "@millrace/playlist";
import { ReleaseClock } from "./release-clock.ts";

/** Media that waits until it is due. */
export interface MediaQueue {
  /** It may be begun with. */
  readonly ready: boolean;
  /** When its next media is due; infinite without any. */
  readonly nextTicks: Ticks;
  /** Where what it holds ends. */
  readonly endTicks: Ticks;
  readonly waitingBytes: number;
  /** Hands on what is due until then. */
  release(until: Ticks): void;
  /** No more will come: what is held back goes into the queue. */
  flush(): void;
}

/** Media is handed on in batches of this much time. */
const BATCH_MS = 10;
/** So much is loaded ahead, at least, and no more bytes than that. */
const LEAST_AHEAD_S = 12;
const TARGETS_AHEAD = 3;
const PARTS_HELD = 3;
const MOST_BYTES = 256 << 20;

export interface PlayerOptions {
  readonly clock: Clock;
  readonly queue: MediaQueue;
  /** Else everything goes at once. */
  readonly paced: boolean;
}

/** Hands on what a queue holds in real time. */
export class Player {
  readonly #clock: Clock;
  readonly #queue: MediaQueue;
  readonly #paced: boolean;
  readonly #release = new ReleaseClock();
  readonly #tick = (): void => this.#onTick();
  #waiting: (() => void)[] = [];
  #movers: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #open = false;
  #closed = false;
  #ended = false;
  /** How far a segment, or a part, is wanted to be ahead. */
  #wantedTicks = TICKS_PER_SECOND;
  /** With low latency: how far from the end to begin, and what lies before that goes at once. */
  #holdTicks = Number.POSITIVE_INFINITY;
  #aheadTicks = LEAST_AHEAD_S * TICKS_PER_SECOND;

  constructor({ clock, queue, paced }: PlayerOptions) {
    this.#clock = clock;
    this.#queue = queue;
    this.#paced = paced;
  }

  get underruns(): number {
    return this.#release.underruns;
  }

  /** What waits, milliseconds. */
  get bufferedMs(): number {
    if (!this.#release.started) return 0;
    return Math.max(
      Math.round(
        ((this.#queue.endTicks - this.#release.timeAt(this.#clock.nowNs())) / TICKS_PER_SECOND) * 1000,
      ),
      0,
    );
  }

  /** Takes its measures from the playlist. `lowLatency`: parts are played. */
  setTargets(
    { targetDurationS, partTargetUs, serverControl, endlist }: MediaPlaylist,
    lowLatency: boolean,
  ): void {
    const segmentUs = targetDurationS * 1e6;
    const partUs = lowLatency && endlist !== true ? partTargetUs : undefined;
    this.#wantedTicks = (segmentUs * TICKS_PER_SECOND) / 1e6;
    if (partUs !== undefined) {
      this.#holdTicks = ((serverControl?.partHoldBackUs ?? PARTS_HELD * partUs) * TICKS_PER_SECOND) / 1e6;
      this.#wantedTicks = this.#holdTicks;
    }
    const targets = (TARGETS_AHEAD * segmentUs) / 1e6;
    this.#aheadTicks = Math.max(LEAST_AHEAD_S, targets) * TICKS_PER_SECOND;
  }

  /** What comes may be played from now on. */
  open(): void {
    if (this.#open) return;
    this.#open = true;
    this.#start();
  }

  /** More is in the queue, from `fromTicks` on: infinite for nothing. `live`: it came when it was made. */
  arrived(fromTicks: Ticks, live: boolean): void {
    if (!this.#paced) {
      if (this.#open) this.#queue.release(Number.POSITIVE_INFINITY);
      return;
    }
    if (!this.#release.started || fromTicks === Number.POSITIVE_INFINITY) {
      this.poke();
      return;
    }
    if (live) this.#release.observe(fromTicks, this.#wantedTicks, this.#clock.nowNs());
    else if (fromTicks < this.#release.timeAt(this.#clock.nowNs()))
      this.#release.start(fromTicks, this.#clock.nowNs());
    this.#onTick();
  }

  /** Something came that says nothing of how far the source is. */
  poke(): void {
    if (!this.#paced) this.#start();
    else if (this.#release.started) this.#onTick();
    else this.#start();
  }

  /** Settles when more may be put into the queue, and when it is closed. */
  async room(): Promise<void> {
    while (!this.#closed && !this.#hasRoom) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Whether media up to there is not too far ahead. */
  hasRoomFor(ticks: Ticks): boolean {
    if (this.#closed || !this.#open || !this.#paced || !this.#release.started) return true;
    return ticks - this.#release.timeAt(this.#clock.nowNs()) < this.#aheadTicks;
  }

  /** Settles when something was handed on, and when it is closed. */
  async moved(): Promise<void> {
    if (!this.#closed) await new Promise<void>((resolve) => this.#movers.push(resolve));
  }

  /** Settles when everything has been handed on, and when it is closed. */
  async drain(): Promise<void> {
    this.#queue.flush();
    this.#ended = true;
    this.#open = true;
    this.#start();
    if (!this.#paced) this.#queue.release(Number.POSITIVE_INFINITY);
    while (!this.#closed && this.#queue.nextTicks !== Number.POSITIVE_INFINITY) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#wake();
  }

  get #hasRoom(): boolean {
    // Whether it may be begun with is found out by those who would wait.
    if (!this.#open || !this.#paced) return true;
    if (this.#queue.waitingBytes > MOST_BYTES) return false;
    const { nextTicks, endTicks } = this.#queue;
    return nextTicks === Number.POSITIVE_INFINITY || endTicks - nextTicks < this.#aheadTicks;
  }

  #start(): void {
    const queue = this.#queue;
    // A sound that does not come must not keep the rest from being played.
    if (!this.#open || !(queue.ready || this.#ended || !this.#hasRoom)) return;
    if (!this.#paced) queue.release(Number.POSITIVE_INFINITY);
    else if (!this.#release.started && queue.nextTicks !== Number.POSITIVE_INFINITY) {
      const from = Math.max(queue.nextTicks, queue.endTicks - this.#holdTicks);
      this.#release.start(from, this.#clock.nowNs());
      this.#onTick();
    }
  }

  #onTick(): void {
    clearTimeout(this.#timer);
    if (this.#closed || !this.#release.started) return;
    const nowNs = this.#clock.nowNs();
    this.#queue.release(this.#release.timeAt(nowNs));
    const { nextTicks } = this.#queue;
    if (nextTicks !== Number.POSITIVE_INFINITY) {
      const waitMs = (this.#release.dueNs(nextTicks) - nowNs) / 1e6;
      this.#timer = setTimeout(this.#tick, Math.max(waitMs, BATCH_MS));
    }
    if (this.#waiting.length > 0 && (this.#hasRoom || nextTicks === Number.POSITIVE_INFINITY)) this.#wake();
    for (const resolve of this.#movers.splice(0)) resolve();
  }

  #wake(): void {
    for (const resolve of [...this.#waiting.splice(0), ...this.#movers.splice(0)]) resolve();
  }
}
