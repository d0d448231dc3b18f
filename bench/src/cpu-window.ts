import { fineCpuSecondsOf, machineCpuSeconds } from "./measure.ts";

/** CPU time, seconds, scaled to the time that was asked about. */
export interface CpuUse {
  /** Of the processes measured. */
  readonly cpuSeconds: number;
  /** Of those that load them. */
  readonly loadCpuSeconds: number;
  /** Of everything else on the machine, all cores. */
  readonly otherCpuSeconds: number;
}

/**
 * CPU time between two events that another process tells. On a busy machine whoever reads them comes late to one or the other,
 * and looks at a longer or shorter time than was meant: what it saw is scaled to the length that the other process measured.
 */
export class CpuWindow {
  readonly #pids: readonly number[];
  readonly #loadPids: readonly number[];
  readonly #startMs = performance.now();
  readonly #cpu: number;
  readonly #load: number;
  readonly #machine = machineCpuSeconds();

  constructor(pids: readonly number[], loadPids: readonly number[] = []) {
    this.#pids = pids;
    this.#loadPids = loadPids;
    this.#cpu = sumOf(pids);
    this.#load = sumOf(loadPids);
  }

  /** At the second event, `seconds` after the first; what another process tells that it took itself is load, too. */
  end(seconds: number, ownLoadSeconds = 0): CpuUse {
    const scale = (seconds * 1000) / (performance.now() - this.#startMs);
    const cpuSeconds = (sumOf(this.#pids) - this.#cpu) * scale;
    const loadCpuSeconds = (sumOf(this.#loadPids) - this.#load) * scale + ownLoadSeconds;
    const machine = (machineCpuSeconds() - this.#machine) * scale;
    // The machine counts in hundredths: what is next to nothing can come out below it.
    return {
      cpuSeconds,
      loadCpuSeconds,
      otherCpuSeconds: Math.max(0, machine - cpuSeconds - loadCpuSeconds),
    };
  }
}

function sumOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + fineCpuSecondsOf(pid), 0);
}
