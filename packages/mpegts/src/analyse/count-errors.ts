import type { AnalysisState } from "./analysis-state.ts";
import type { PidState } from "./pid-state.ts";
import type { Tr101290 } from "./report.ts";
import { needsSteadyPts } from "./wiring.ts";

/** PIDs whose tables TR 101 290 2.2 names: PAT, CAT, NIT, SDT and BAT, EIT, TOT; PMTs come on top. */
const CRC_PIDS: ReadonlySet<number> = new Set([0, 1, 0x10, 0x11, 0x12, 0x14]);

/** Adds up the checks of ETSI TR 101 290 V1.4.1, tables 5.0a and 5.0b. */
export function countTr101290(state: AnalysisState): Tr101290 {
  const { counters, tables, map } = state;
  const pids = state.pids.filter((pid) => pid !== undefined) as PidState[];
  const sum = (pick: (pid: PidState) => number) => pids.reduce((total, pid) => total + pick(pid), 0);
  const programs = [...map.programs.values()];
  const repetition = sum((pid) => pid.pcr?.repetitionErrors ?? 0);
  const discontinuity = sum((pid) => pid.pcr?.discontinuityErrors ?? 0);
  const scrambled = sum((pid) => pid.scrambled) > 0;
  return {
    priority1: {
      TS_sync_loss: counters.syncLosses + counters.alignerLosses,
      Sync_byte_error: counters.syncByteErrors + counters.alignerBadSyncBytes,
      PAT_error: state.patInterval.misses + tables.strangePatSections + counters.scrambledPat,
      Continuity_count_error: sum((pid) => pid.ccErrors),
      PMT_error:
        counters.retiredPmtMisses +
        counters.scrambledPmt +
        programs.reduce((total, program) => total + program.interval.misses, 0),
      PID_error: counters.retiredPidMisses + sum((pid) => pid.presence?.misses ?? 0),
    },
    priority2: {
      Transport_error: counters.transportErrors,
      CRC_error: sum((pid) =>
        CRC_PIDS.has(pid.pid) || map.uses.get(pid.pid)?.label === "PMT" ? (pid.assembler?.crcErrors ?? 0) : 0,
      ),
      PCR_error: repetition + discontinuity,
      PCR_repetition_error: repetition,
      PCR_discontinuity_indicator_error: discontinuity,
      PCR_accuracy_error: sum((pid) => (pid.pcr?.constantRate ? pid.pcr.accuracyErrors : 0)),
      PTS_error:
        counters.retiredPtsMisses +
        sum((pid) => (needsSteadyPts(map.uses.get(pid.pid)) ? (pid.ptsInterval?.misses ?? 0) : 0)),
      CAT_error: tables.strangeCatSections + (scrambled && !tables.catSeen ? 1 : 0),
    },
  };
}
