import type { Impairment, Impairments } from "./kit/impairment.ts";

/** One state of the network. */
export interface Cell {
  /** As `--cells` calls it. */
  readonly name: string;
  /** For the table. */
  readonly network: string;
  readonly rttMs: number;
  /** Of each direction, per cent; what bursts lose counts, too. */
  readonly lossPercent: number;
  /** Mean length of the runs in which packets are lost; 1: each for itself. */
  readonly runPackets: number;
  readonly impairments: Impairments;
}

const LOSSES = [1, 5, 10, 20];
const RTTS_MS = [20, 100, 300];
/** SRT's latency: this many round trips. */
export const LATENCY_ROUND_TRIPS = 4;

function lossCell(lossPercent: number, rttMs: number): Cell {
  return {
    name: `${lossPercent}x${rttMs}`,
    network: `${lossPercent} % loss`,
    rttMs,
    lossPercent,
    runPackets: 1,
    impairments: { both: { lossPercent, delayMs: rttMs / 2 } },
  };
}

const RTT_MS = 100;

function otherCell(name: string, network: string, both: Impairment): Cell {
  const { lossPercent = 0, packets = 1 } = both.burst ?? {};
  const impairments = { both: { delayMs: RTT_MS / 2, ...both } };
  return { name, network, rttMs: RTT_MS, lossPercent, runPackets: packets, impairments };
}

/** All that is measured: every loss with every round trip, both ways, and then one disturbance at a time. */
export const CELLS: readonly Cell[] = [
  ...LOSSES.flatMap((loss) => RTTS_MS.map((rttMs) => lossCell(loss, rttMs))),
  otherCell("jitter", "jitter ±20 ms, in order", { jitterMs: 20 }),
  otherCell("loose", "jitter ±20 ms, out of order", { jitterMs: 20, jitterReorders: true }),
  otherCell("reorder", "5 % reordered by 5 ms", { reorderPercent: 5, reorderMs: 5 }),
  otherCell("duplicate", "5 % doubled", { duplicatePercent: 5 }),
  otherCell("burst", "5 % loss in runs of 10", { burst: { lossPercent: 5, packets: 10 } }),
];
