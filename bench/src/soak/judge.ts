/** One look at the server. */
export interface MixedSample {
  readonly seconds: number;
  readonly rssMb: number;
  /** V8's heaps of all workers. */
  readonly heapMb: number;
  readonly arenaMb: number;
  /** The worst worker's event loop since the look before, ms. */
  readonly loopP99Ms: number;
  /** Of the requests since the look before: what 99 of 100 took, ms. */
  readonly requestP99Ms: number;
  /** Share of one core. */
  readonly load: number;
  readonly otherLoad: number;
  /** Of the time, in which one of its threads could have run and had no core. */
  readonly waitShare: number;
  readonly sessions: number;
}

/** What one group of viewers that stay says at its end. */
export interface GroupReport {
  readonly name: string;
  readonly readers: number;
  readonly bytes: number;
  readonly stalls: number;
  readonly longestGapMs: number;
  readonly closed: number;
  /** Wrong sync bytes, messages that are missing or damaged, packets that were lost. */
  readonly bad: number;
}

export interface MixedRun {
  readonly samples: readonly MixedSample[];
  readonly groups: readonly GroupReport[];
  /** Groups that ended early, with what they said. */
  readonly broken: readonly string[];
  readonly comings: number;
  readonly failedComings: number;
  /** Times that inputs were made to fail, and that the stream with two inputs changed between them. */
  readonly failures: number;
  readonly switches: number;
}

export interface Bounds {
  readonly mbPerMinute: number;
  readonly loopP99Ms: number;
  /** Of viewers who stay. */
  readonly stalls: number;
  /** Share of those who come and go that may be refused. */
  readonly failedComings: number;
}

/** Until memory has the size that the load needs, seconds. */
export const WARM_UP_S = 90;
const BUSY_SHARE = 0.2;
/** Less says nothing about growth. */
const LEAST_SLOPE_S = 120;
/** Heaps go up and down: from less a slope is told, not judged. Seconds of the whole run. */
const JUDGED_S = 600;

/** Least-squares slope of memory after the warm-up, megabytes a minute; undefined where too little was seen. */
export function slopeAfterWarmUp(
  samples: readonly MixedSample[],
  of: (sample: MixedSample) => number,
): number | undefined {
  const late = samples.filter((sample) => sample.seconds >= WARM_UP_S);
  const [first, last] = [late[0], late.at(-1)];
  if (first === undefined || last === undefined || last.seconds - first.seconds < LEAST_SLOPE_S)
    return undefined;
  const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
  const x = mean(late.map((sample) => sample.seconds));
  const y = mean(late.map(of));
  const above = late.reduce((sum, sample) => sum + (sample.seconds - x) * (of(sample) - y), 0);
  const below = late.reduce((sum, sample) => sum + (sample.seconds - x) ** 2, 0);
  return (above / below) * 60;
}

/** Whether the server was kept from running so much, by others on its core, that a late event loop says nothing about it. */
export function isMachineBusy(samples: readonly MixedSample[]): boolean {
  const waits = samples.map((sample) => sample.waitShare).sort((a, b) => a - b);
  return (waits[Math.floor(waits.length / 2)] ?? 0) > BUSY_SHARE;
}

/** What broke its bound, in words; empty when all held. */
export function judgeMixed(run: MixedRun, bounds: Bounds): string[] {
  const failures = run.broken.map((it) => `ended early: ${it}`);
  if (run.groups.length === 0 || run.samples.length === 0) failures.push("nothing was measured");
  for (const group of run.groups) {
    const faults: readonly (readonly [string, number, number])[] = [
      ["stalls", group.stalls, bounds.stalls],
      ["closed", group.closed, 0],
      ["missing or damaged", group.bad, 0],
    ];
    for (const [name, value, most] of faults)
      if (value > most) failures.push(`${group.name}: ${name}: ${value}, not ${most}`);
    if (group.bytes === 0) failures.push(`${group.name}: got nothing`);
  }
  const slope = slopeAfterWarmUp(run.samples, (sample) => sample.rssMb);
  const isLong = (run.samples.at(-1)?.seconds ?? 0) >= JUDGED_S;
  if (isLong && slope !== undefined && slope > bounds.mbPerMinute)
    failures.push(`memory grows by ${slope.toFixed(2)} MB a minute, more than ${bounds.mbPerMinute}`);
  const late = run.samples.filter((sample) => sample.seconds >= WARM_UP_S);
  const delays = late.map((sample) => sample.loopP99Ms).sort((a, b) => a - b);
  // One look may fall on a moment when the machine did something else.
  const usual = delays[Math.floor(delays.length / 2)];
  if (usual !== undefined && usual > bounds.loopP99Ms && !isMachineBusy(late))
    failures.push(`event-loop delay: ${usual.toFixed(0)} ms, more than ${bounds.loopP99Ms}`);
  if (run.failedComings > run.comings * bounds.failedComings)
    failures.push(`viewers who came and were not served: ${run.failedComings} of ${run.comings}`);
  if (run.switches < run.failures)
    failures.push(`inputs: ${run.switches} switches for ${run.failures} failures`);
  return failures;
}
