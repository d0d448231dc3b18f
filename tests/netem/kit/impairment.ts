/** What a piece of network does to the packets of one direction. Everything that is left out does not happen. */
export interface Impairment {
  /** Of every packet. */
  readonly delayMs?: number;
  /** Each packet's delay differs by up to so much, evenly spread, to both sides. */
  readonly jitterMs?: number;
  /** Jitter lets packets overtake each other. Off, one waits for those ahead of it. */
  readonly jitterReorders?: boolean;
  /** Chance of each packet to be lost, independently of the others. */
  readonly lossPercent?: number;
  /** Loss that comes in runs (Gilbert–Elliott: everything is lost in the bad state, nothing in the good one). */
  readonly burst?: Burst;
  /** Chance of each packet to come twice. */
  readonly duplicatePercent?: number;
  /** Chance of each packet to be held back by `reorderMs` more than the others, which then overtake it. */
  readonly reorderPercent?: number;
  /** 5 when left out. */
  readonly reorderMs?: number;
  /** Bottleneck ahead of the delay, bits of IP packets a second. */
  readonly bitsPerSecond?: number;
  /** Packets that wait for the bottleneck; more are dropped. 200 when left out. */
  readonly queuePackets?: number;
}

export interface Burst {
  /** Lost over a long time. */
  readonly lossPercent: number;
  /** Mean length of a run. */
  readonly packets: number;
}

/** `both`, or each direction of its own. */
export interface Impairments {
  readonly both?: Impairment;
  readonly forward?: Impairment;
  readonly back?: Impairment;
}

export const DEFAULT_REORDER_MS = 5;
export const DEFAULT_QUEUE_PACKETS = 200;

/** Chances of the two-state loss model, per packet and in per cent: to go from good to bad, and back. */
export function burstChances({ lossPercent, packets }: Burst): {
  worsePercent: number;
  betterPercent: number;
} {
  if (lossPercent < 0 || lossPercent >= 100 || packets < 1) throw new Error("a burst that cannot be");
  const better = 1 / packets;
  const worse = Math.min(1, (better * lossPercent) / (100 - lossPercent));
  return { worsePercent: worse * 100, betterPercent: better * 100 };
}
