import { PCR_HZ } from "@millrace/model";
import { pcrDiff } from "../ts-time.ts";

/** PCRs in one window of the rate model. */
const WINDOW = 64;
/** Fewest PCRs that a window is judged by. */
const WINDOW_MIN = 8;
/** ISO/IEC 13818-1 §2.4.2.2: a PCR may be wrong by this much, in ticks of 27 MHz (500 ns). */
const TOLERANCE_TICKS = 13.5;
/** Longest step that TR 101 290 (2.3a, 2.3b) lets pass: 100 ms. */
const MAX_STEP = PCR_HZ / 10;
/** A longer step is a jump in time, not a gap: 10 s. */
const JUMP = 10 * PCR_HZ;
/**
 * A window further than this from any constant rate, root mean square, is taken for one of variable rate, where accuracy
 * means nothing: 100 µs. Bad clocks of constant-rate multiplexers stay below it, variable rates go far beyond.
 */
const VARIABLE_TICKS = 2700;

/**
 * Measures the PCRs of one PID against the place of their packets in the stream. The model is a rate that is constant over
 * a window of 64 PCRs: what is left after fitting a line through them is the inaccuracy (TR 101 290 PCR_AC, without its
 * filter).
 */
export class PcrMeter {
  count = 0;
  /** Packet of the last PCR. */
  lastPacket = -1;
  first = -1;
  last = -1;
  intervals = 0;
  minTicks = Number.POSITIVE_INFINITY;
  maxTicks = 0;
  sumTicks = 0;
  /** Packets and ticks over which the clock ran without a break: the bitrate. */
  spanPackets = 0;
  /** Intervals above 100 ms (TR 101 290 2.3a). */
  repetitionErrors = 0;
  /** Steps outside 0…100 ms that no discontinuity_indicator announced (2.3b). */
  discontinuityErrors = 0;
  /** Steps announced by a discontinuity_indicator. */
  announcedDiscontinuities = 0;
  /** Steps back, or ahead by more than 10 s, announced or not. */
  jumps = 0;
  /** PCRs further than 500 ns from the constant rate of their window (2.4). */
  accuracyErrors = 0;
  /** Largest and mean-square distance from the constant rate, ticks of 27 MHz; of windows of constant rate. */
  maxErrorTicks = 0;
  #squareSum = 0;
  #measured = 0;
  /** Windows of constant and of variable rate. */
  constantWindows = 0;
  variableWindows = 0;
  readonly #x = new Float64Array(WINDOW);
  readonly #y = new Float64Array(WINDOW);
  #fill = 0;

  /** Takes a PCR (27 MHz, wrapped); `announced`: its packet has the discontinuity_indicator set. */
  push(pcr27: number, packet: number, announced: boolean): void {
    this.count++;
    if (this.first < 0) this.first = pcr27;
    else this.#step(pcr27, packet, announced);
    this.last = pcr27;
    this.lastPacket = packet;
    this.#addToWindow(pcr27, packet);
  }

  #step(pcr27: number, packet: number, announced: boolean): void {
    const step = pcrDiff(this.last, pcr27);
    if (announced) {
      this.announcedDiscontinuities++;
      if (step <= 0 || step > MAX_STEP) {
        this.jumps++;
        this.breakWindow();
        return;
      }
    }
    if (step < 0 || step > MAX_STEP) this.discontinuityErrors++;
    if (step <= 0 || step > JUMP) {
      this.jumps++;
      this.breakWindow();
      return;
    }
    if (step > MAX_STEP) this.repetitionErrors++;
    this.intervals++;
    this.sumTicks += step;
    this.spanPackets += packet - this.lastPacket;
    if (step < this.minTicks) this.minTicks = step;
    if (step > this.maxTicks) this.maxTicks = step;
  }

  #addToWindow(pcr27: number, packet: number): void {
    if (this.#fill === 0) {
      this.#x[0] = packet;
      this.#y[0] = pcr27;
      this.#fill = 1;
      return;
    }
    const i = this.#fill++;
    this.#x[i] = packet;
    this.#y[i] = (this.#y[i - 1] as number) + pcrDiff(wrapOf(this.#y[i - 1] as number), pcr27);
    if (this.#fill === WINDOW) this.#closeWindow();
  }

  /** Ends the window: the rate or the packet count cannot be trusted across this place (loss, jump). */
  breakWindow(): void {
    if (this.#fill >= WINDOW_MIN) this.#closeWindow();
    this.#fill = 0;
  }

  #closeWindow(): void {
    const n = this.#fill;
    this.#fill = 0;
    const x0 = this.#x[0] as number;
    const y0 = this.#y[0] as number;
    let sx = 0;
    let sy = 0;
    for (let i = 0; i < n; i++) {
      sx += this.#x[i] = (this.#x[i] as number) - x0;
      sy += this.#y[i] = (this.#y[i] as number) - y0;
    }
    const mx = sx / n;
    const my = sy / n;
    let sxx = 0;
    let sxy = 0;
    for (let i = 0; i < n; i++) {
      const dx = (this.#x[i] as number) - mx;
      sxx += dx * dx;
      sxy += dx * ((this.#y[i] as number) - my);
    }
    const slope = sxx > 0 ? sxy / sxx : 0;
    let squares = 0;
    for (let i = 0; i < n; i++) {
      const residual = (this.#y[i] as number) - my - slope * ((this.#x[i] as number) - mx);
      this.#y[i] = residual;
      squares += residual * residual;
    }
    if (slope <= 0 || squares > n * VARIABLE_TICKS * VARIABLE_TICKS) {
      this.variableWindows++;
      return;
    }
    this.constantWindows++;
    for (let i = 0; i < n; i++) this.#note(this.#y[i] as number);
  }

  #note(residual: number): void {
    const size = Math.abs(residual);
    this.#measured++;
    this.#squareSum += residual * residual;
    if (size > this.maxErrorTicks) this.maxErrorTicks = size;
    if (size > TOLERANCE_TICKS) this.accuracyErrors++;
  }

  /** Root mean square of the inaccuracy, ticks. */
  get rmsErrorTicks(): number {
    return this.#measured === 0 ? 0 : Math.sqrt(this.#squareSum / this.#measured);
  }

  /** Judges the window under way, where no full one has been judged yet: short streams too have an accuracy. */
  settle(): void {
    if (this.constantWindows + this.variableWindows === 0) this.breakWindow();
  }

  /** Whether the stream is of constant rate, judged by the windows that were closed; undefined while there is none. */
  get constantRate(): boolean | undefined {
    const windows = this.constantWindows + this.variableWindows;
    return windows === 0 ? undefined : this.constantWindows > this.variableWindows;
  }
}

/** The window counts on past the wrap; PCR differences are taken on the wrapped value, where they are exact. */
function wrapOf(value: number): number {
  return value % (2 ** 33 * 300);
}
