import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks a second in `/proc/PID/stat`: fixed by the kernel's interface, whatever its own HZ. */
const USER_HZ = 100;

/** CPU time of a process, all its threads (those that have ended too), user and system. Seconds. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return parseCpuSeconds(stat);
}

/** `/proc/PID/stat` (proc(5)): fields 14 and 15, counted behind the command's closing bracket since it may hold spaces. */
export function parseCpuSeconds(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / USER_HZ;
}

/** A process and what it started, as far as those run. */
export function familyOf(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(Number(name));
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const family = [pid];
  for (let i = 0; i < family.length; i += 1) family.push(...(children.get(family[i] as number) ?? []));
  return family;
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}

/** Resident memory of a process, shared memory included; bytes. */
export function residentBytesOf(pid: number): number {
  return parseResidentBytes(readFileSync(`/proc/${pid}/status`, "utf8"));
}

export function parseResidentBytes(status: string): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return Number.NaN;
  if (sorted.length % 2 === 1) return sorted[Math.floor(middle)] as number;
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
