import { monitorEventLoopDelay } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import type { SlabPool } from "../memory/pool.ts";
import type { WorkerReport } from "./protocol.ts";

/** What a worker costs: memory, processor time, and how late its event loop runs. */
export class Gauges {
  readonly #pool: SlabPool;
  readonly #loop = monitorEventLoopDelay({ resolution: 100 });

  constructor(pool: SlabPool) {
    this.#pool = pool;
    this.#loop.enable();
  }

  /** Delays are those since the last reading. */
  read(): Pick<WorkerReport, "memory" | "loop" | "cpuUs"> {
    const { user, system } = process.threadCpuUsage();
    const heap = getHeapStatistics();
    const loop = {
      p50Ms: this.#loop.percentile(50) / 1e6,
      p99Ms: this.#loop.percentile(99) / 1e6,
      maxMs: this.#loop.max / 1e6,
    };
    this.#loop.reset();
    const memory = {
      arenaBytes: this.#pool.totalBytes,
      freeBytes: this.#pool.freeBytes,
      heapBytes: heap.used_heap_size,
      externalBytes: heap.external_memory,
    };
    return { memory, loop, cpuUs: user + system };
  }

  stop(): void {
    this.#loop.disable();
  }
}
