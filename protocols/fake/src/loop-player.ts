import { readFile } from "node:fs/promises";
import type { StreamWriter } from "@millrace/engine";
import { type Clock, PCR_HZ } from "@millrace/model";
import { badLoop } from "./errors.ts";
import { LOOP_ASSET, LOOP_SECONDS } from "./loop-asset.ts";
import { TsLoop } from "./ts-loop.ts";

const NS_PER_PCR = 1e9 / PCR_HZ;
/** Further behind than this (the machine slept), the lost time is not made up, nanoseconds. */
const GIVE_UP_NS = 2e9;

/** Plays the pre-encoded clock in real time, paced by its PCR, until `signal` is aborted. */
export async function playLoop(
  into: Pick<StreamWriter, "ts">,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const lap = await readFile(LOOP_ASSET).catch((cause: unknown) => {
    throw badLoop(`cannot read ${LOOP_ASSET}`, cause);
  });
  const loop = new TsLoop(lap, LOOP_SECONDS * PCR_HZ);
  let startNs = clock.nowNs();
  await new Promise<void>((resolve) => {
    if (signal.aborted) return resolve();
    let timer: NodeJS.Timeout | undefined;
    const tick = () => {
      const nowNs = clock.nowNs();
      const dueNs = () => startNs + loop.dueAt * NS_PER_PCR;
      if (nowNs - dueNs() > GIVE_UP_NS) startNs += nowNs - dueNs();
      while (dueNs() <= nowNs) into.ts(loop.next());
      timer = setTimeout(tick, Math.max(1, Math.ceil((dueNs() - nowNs) / 1e6)));
    };
    const stop = () => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener("abort", stop, { once: true });
    tick();
  });
}
