import type { Spread } from "../srt/srt.ts";

/** What Millrace wants to be, and where it is measured. */
export interface Goal {
  readonly id: string;
  readonly title: string;
  /** The suite that measures it. */
  readonly suite: string;
  /** What the bound is for: the ratio to something beside it, or the measured value itself. */
  readonly of: "ratio" | "measured";
  readonly bound: number;
  readonly atMost: boolean;
  readonly unit: string;
}

/** One measurement for a goal. */
export interface Finding {
  readonly goal: string;
  /** Under which circumstances: "200 readers". */
  readonly where: string;
  readonly measured: Spread;
  readonly unit: string;
  readonly ratio?: Spread;
  /** Stands beside for comparison; the goal is not its. */
  readonly beside?: boolean;
}

export type Verdict = "held" | "missed" | "beside" | "not measured";

export interface GoalRow {
  readonly goal: string;
  readonly title: string;
  readonly where: string;
  readonly measured: Spread | undefined;
  readonly unit: string;
  readonly ratio: Spread | undefined;
  readonly bound: string;
  readonly verdict: Verdict;
  /** Why it was not measured. */
  readonly reason?: string;
}

const atMostRatio = { of: "ratio", atMost: true, unit: "×" } as const;

export const GOALS: readonly Goal[] = [
  { id: "udp-send", title: "UDP sent, by the C loop's", suite: "udp", bound: 1.5, ...atMostRatio },
  { id: "udp-receive", title: "UDP received, by the C loop's", suite: "udp", bound: 1.5, ...atMostRatio },
  { id: "srt-fanout", title: "SRT, by srt-live-transmit's", suite: "srt", bound: 0.5, ...atMostRatio },
  { id: "rtmp", title: "RTMP, by nginx-rtmp's", suite: "rtmp", bound: 0.8, ...atMostRatio },
  { id: "http-flv", title: "HTTP-FLV, by nginx-rtmp's RTMP", suite: "rtmp", bound: 0.8, ...atMostRatio },
  { id: "http-ts", title: "HTTP-TS, by nginx-rtmp's RTMP", suite: "rtmp", bound: 0.8, ...atMostRatio },
  { id: "http-ts-loop", title: "HTTP-TS, by the C loop's", suite: "fanout", bound: 1.5, ...atMostRatio },
  { id: "hls", title: "Low-latency HLS, by nginx's", suite: "hls", bound: 1.2, ...atMostRatio },
  {
    id: "workers",
    title: "Two workers, by one",
    suite: "workers",
    of: "ratio",
    bound: 1.8,
    atMost: false,
    unit: "×",
  },
  {
    id: "latency-p50",
    title: "Latency, median",
    suite: "latency",
    of: "measured",
    bound: 2,
    atMost: true,
    unit: "ms",
  },
  {
    id: "latency-p99",
    title: "Latency, 99 of 100",
    suite: "latency",
    of: "measured",
    bound: 10,
    atMost: true,
    unit: "ms",
  },
  {
    id: "stream-memory",
    title: "Memory of a stream",
    suite: "idle",
    of: "measured",
    bound: 12,
    atMost: true,
    unit: "MB",
  },
  {
    id: "viewer-memory",
    title: "Memory of a viewer",
    suite: "fanout",
    of: "measured",
    bound: 100,
    atMost: true,
    unit: "kB",
  },
  {
    id: "analyse",
    title: "Transport stream analysed",
    suite: "ts",
    of: "measured",
    bound: 4,
    atMost: false,
    unit: "Gbit/s",
  },
  {
    id: "demux",
    title: "Transport stream demultiplexed",
    suite: "ts",
    of: "measured",
    bound: 1.5,
    atMost: false,
    unit: "Gbit/s",
  },
];

/**
 * A row for each finding of each goal, in the goals' order; a goal without any has one row that says why. `reasons` are those of
 * the suites that failed or did not run.
 */
export function judgeGoals(
  findings: readonly Finding[],
  reasons: ReadonlyMap<string, string>,
  goals: readonly Goal[] = GOALS,
): GoalRow[] {
  return goals.flatMap((goal): GoalRow[] => {
    const bound = `${goal.atMost ? "≤" : "≥"} ${goal.bound} ${goal.unit}`;
    const common = { goal: goal.id, title: goal.title, bound };
    const own = findings.filter((finding) => finding.goal === goal.id);
    if (!own.some((finding) => finding.beside !== true && isNumber(judged(goal, finding)))) {
      const reason = reasons.get(goal.suite) ?? "nothing was measured";
      const nothing = { where: "", measured: undefined, unit: goal.unit, ratio: undefined };
      const rest = own.filter((finding) => finding.beside === true || isNumber(finding.measured));
      return [
        { ...common, ...nothing, verdict: "not measured", reason },
        ...rest.map((it) => rowOf(goal, it, common)),
      ];
    }
    return own.map((finding) => rowOf(goal, finding, common));
  });
}

function rowOf(goal: Goal, finding: Finding, common: Pick<GoalRow, "goal" | "title" | "bound">): GoalRow {
  const { where, measured, unit, ratio } = finding;
  return { ...common, where, measured, unit, ratio, verdict: verdictOf(goal, finding) };
}

function judged(goal: Goal, { ratio, measured }: Finding): Spread | undefined {
  return goal.of === "ratio" ? ratio : measured;
}

const isNumber = (value: Spread | undefined): boolean => Number.isFinite(value?.median);

function verdictOf(goal: Goal, finding: Finding): Verdict {
  const value = judged(goal, finding)?.median;
  if (finding.beside === true) return "beside";
  if (value === undefined || !Number.isFinite(value)) return "not measured";
  return (goal.atMost ? value <= goal.bound : value >= goal.bound) ? "held" : "missed";
}
