import { readFileSync } from "node:fs";

export interface Sample {
  readonly seconds: number;
  readonly rssMb: number;
}

/** Resident memory of a process, megabytes. */
export function residentMb(pid: number): number {
  const kb = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kb ?? 0) / 1024;
}

/** CPU time that a process has used, seconds. */
export function cpuSeconds(pid: number): number {
  // Fields 14 and 15, counted behind the name in parentheses (proc_pid_stat(5)), in ticks of 10 ms.
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Slope of the least-squares line, megabytes a minute. */
export function slopeMbPerMinute(samples: readonly Sample[]): number {
  const n = samples.length;
  if (n < 2) return Number.NaN;
  const meanX = samples.reduce((sum, { seconds }) => sum + seconds, 0) / n;
  const meanY = samples.reduce((sum, { rssMb }) => sum + rssMb, 0) / n;
  let above = 0;
  let below = 0;
  for (const { seconds, rssMb } of samples) {
    above += (seconds - meanX) * (rssMb - meanY);
    below += (seconds - meanX) ** 2;
  }
  return (above / below) * 60;
}
