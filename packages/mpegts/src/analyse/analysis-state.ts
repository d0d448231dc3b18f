import type { EsFormat } from "./es-format.ts";
import type { Interval } from "./interval.ts";
import type { PidState } from "./pid-state.ts";
import type { ProgramMap } from "./program-map.ts";
import type { StreamClock } from "./stream-clock.ts";
import type { TableWatch } from "./table-watch.ts";

/** Counters of the stream as a whole. */
export class StreamCounters {
  packets = 0;
  /** Packets with transport_error_indicator; nothing else in them is believed. */
  transportErrors = 0;
  /** Packets without sync byte, and runs of at least two of them. */
  syncByteErrors = 0;
  syncLosses = 0;
  /** The same as the aligner in front has dropped them. */
  alignerBadSyncBytes = 0;
  alignerLosses = 0;
  rubbishBytes = 0;
  scrambledPat = 0;
  scrambledPmt = 0;
  /** Misses of intervals that are no longer watched, since tables changed. */
  retiredPmtMisses = 0;
  retiredPidMisses = 0;
  retiredPtsMisses = 0;
  firstArrivalNs = -1;
  lastArrivalNs = -1;
  /** Packets between the two. */
  arrivalPackets = 0;
  #arrivalBase = 0;

  /** A batch is about to come: the packets so far lie between the arrivals so far. */
  noteArrival(arrivalNs: number): void {
    if (this.firstArrivalNs < 0) {
      this.firstArrivalNs = arrivalNs;
      this.#arrivalBase = this.packets;
    }
    this.lastArrivalNs = arrivalNs;
    this.arrivalPackets = this.packets - this.#arrivalBase;
  }
}

/** Everything that a report is made of. */
export interface AnalysisState {
  readonly counters: StreamCounters;
  readonly clock: StreamClock;
  readonly pids: readonly (PidState | undefined)[];
  readonly map: ProgramMap;
  readonly tables: TableWatch;
  readonly formats: ReadonlyMap<number, EsFormat>;
  readonly patInterval: Interval;
}
