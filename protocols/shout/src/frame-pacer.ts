import type { AccessUnit, Clock, Ticks } from "@millrace/model";

const NS_PER_TICK = 1e9 / 90_000;
const TICK_MS = 10;
/** More than this ahead, and the output runs a little faster: a server's clock is never quite ours. */
const MOST_AHEAD_TICKS = 10 * 90_000;
const SLEW = 0.001;
/** Frames that may wait: a server that sends a file at once must not fill the memory. */
export const MOST_WAITING = 20_000;

/** Hands on frames in real time: servers send some seconds at once when a client comes. */
export class FramePacer {
  readonly #clock: Clock;
  readonly #onUnit: (unit: AccessUnit) => void;
  readonly #tick = (): void => this.#release();
  #units: AccessUnit[] = [];
  #head = 0;
  #atNs = Number.NaN;
  #atTicks: Ticks = 0;
  #timer: NodeJS.Timeout | undefined;
  #onMoved: (() => void) | undefined;
  /** Times that everything had been played before more came. */
  underruns = 0;

  constructor(clock: Clock, onUnit: (unit: AccessUnit) => void) {
    this.#clock = clock;
    this.#onUnit = onUnit;
  }

  get waiting(): number {
    return this.#units.length - this.#head;
  }

  /** What waits, milliseconds. */
  get bufferedMs(): number {
    const [first, last] = [this.#units[this.#head], this.#units.at(-1)];
    return first === undefined || last === undefined ? 0 : Math.round((last.dts - first.dts) / 90);
  }

  /** Takes a frame. Its data has to stay. */
  push(unit: AccessUnit): void {
    if (this.waiting === 0) {
      const nowNs = this.#clock.nowNs();
      const late = nowNs - this.#dueNs(unit.dts);
      if (!(late < 0)) {
        // It comes when it is due, or later: from here on its time is now.
        if (late > TICK_MS * 1e6) this.underruns++;
        this.#atNs = nowNs;
        this.#atTicks = unit.dts;
      }
    }
    this.#units.push(unit);
    this.#timer ??= setTimeout(this.#tick, TICK_MS);
  }

  /** Settles when everything has been handed on, and when it is closed. */
  async drain(): Promise<void> {
    while (this.#timer !== undefined) await new Promise<void>((resolve) => (this.#onMoved = resolve));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#units = [];
    this.#head = 0;
    this.#onMoved?.();
  }

  #dueNs(ticks: Ticks): number {
    return this.#atNs + (ticks - this.#atTicks) * NS_PER_TICK;
  }

  #release(): void {
    this.#timer = undefined;
    const nowNs = this.#clock.nowNs();
    let unit = this.#units[this.#head];
    while (unit !== undefined && this.#dueNs(unit.dts) <= nowNs) {
      this.#head++;
      this.#onUnit(unit);
      unit = this.#units[this.#head];
    }
    if (this.#head > 256) {
      this.#units = this.#units.slice(this.#head);
      this.#head = 0;
    }
    if (unit !== undefined) {
      const ahead = (this.#units.at(-1)?.dts ?? 0) - unit.dts;
      if (ahead > MOST_AHEAD_TICKS) this.#atNs -= TICK_MS * 1e6 * SLEW;
      this.#timer = setTimeout(this.#tick, Math.max((this.#dueNs(unit.dts) - nowNs) / 1e6, TICK_MS));
    }
    this.#onMoved?.();
  }
}
