import type { SectionAssembler } from "../section.ts";
import type { CodecProbe } from "./codec-probe.ts";
import type { Interval } from "./interval.ts";
import type { PcrMeter } from "./pcr-meter.ts";

/** What a PID's packets are taken for. */
export const ROLE_UNKNOWN = 0;
export const ROLE_SECTIONS = 1;
export const ROLE_PES = 2;

/** Everything counted on one PID. One shape for all PIDs, so that the packet loop stays monomorphic. */
export class PidState {
  readonly pid: number;
  role = ROLE_UNKNOWN;
  packets = 0;
  /** Packets with payload_unit_start_indicator. */
  unitStarts = 0;
  scrambled = 0;
  ccErrors = 0;
  /** Packets that repeat the one before: allowed once. */
  duplicates = 0;
  /** Packets with an adaptation field whose random_access_indicator is set. */
  randomAccess = 0;
  /** Continuity counter of the last packet with payload; -1 before the first. */
  continuity = -1;
  /** A few bytes of the last packet with payload. */
  stamp = 0;
  /** Whether the last packet was a duplicate already. */
  duplicated = false;
  pesPackets = 0;
  ptsCount = 0;
  /** Raw 33-bit values, 90 kHz; -1 before the first. */
  firstPts = -1;
  lastPts = -1;
  streamId = -1;
  assembler: SectionAssembler | undefined = undefined;
  pcr: PcrMeter | undefined = undefined;
  probe: CodecProbe | undefined = undefined;
  /** Times between PES packets with a PTS. */
  ptsInterval: Interval | undefined = undefined;
  /** Times between packets, where the PID must not be absent. */
  presence: Interval | undefined = undefined;

  constructor(pid: number) {
    this.pid = pid;
  }
}
