import { existsSync, readdirSync, readFileSync } from "node:fs";

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

/** Whether the kernel counts CPU time by the nanosecond. */
const FINE = existsSync("/proc/self/schedstat");

/**
 * CPU time of a process to the nanosecond, for what takes little of it: `/proc/PID/task/TID/schedstat` of all its threads that
 * still run (what ended ones took is not in it). Where the kernel keeps none, the coarse time. Seconds.
 */
export function fineCpuSecondsOf(pid: number): number {
  if (!FINE) return cpuSecondsOf(pid);
  const threads = readdirSync(`/proc/${pid}/task`);
  return (
    threads.reduce((sum, thread) => sum + scheduledNsOf(`/proc/${pid}/task/${thread}/schedstat`), 0) / 1e9
  );
}

/** CPU time of each of a process's threads that run, to the nanosecond, by thread; seconds. Empty where the kernel keeps none. */
export function threadSecondsOf(pid: number): Map<string, number> {
  return scheduleOf(pid, 0);
}

/** How long each of a process's threads could have run and had no core, by thread; seconds. Empty where the kernel keeps none. */
export function threadWaitsOf(pid: number): Map<string, number> {
  return scheduleOf(pid, 1);
}

function scheduleOf(pid: number, field: 0 | 1): Map<string, number> {
  const threads = FINE ? readdirSync(`/proc/${pid}/task`) : [];
  const seconds = (thread: string) => scheduledNsOf(`/proc/${pid}/task/${thread}/schedstat`, field) / 1e9;
  return new Map(threads.map((thread) => [thread, seconds(thread)]));
}

/** `schedstat` of a thread: time on a core, and time spent waiting for one. */
function scheduledNsOf(path: string, field: 0 | 1 = 0): number {
  try {
    return Number(readFileSync(path, "utf8").split(" ")[field]);
  } catch {
    // The thread ended meanwhile.
    return 0;
  }
}

/** CPU time of the whole machine, all cores, whoever took it; seconds. */
export function machineCpuSeconds(): number {
  return parseMachineCpuSeconds(readFileSync("/proc/stat", "utf8"));
}

/** First line of `/proc/stat` (proc(5)): user, nice, system, idle, iowait, irq, softirq, steal; the guests' are in the user's. */
export function parseMachineCpuSeconds(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = stat
    .slice("cpu".length, stat.indexOf("\n"))
    .trim()
    .split(/\s+/)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) / USER_HZ;
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

/**
 * Datagrams that the kernel threw away since a full socket had no room for them, of all sockets on a local UDP port:
 * `/proc/net/udp` and `udp6`, whose last column it is.
 */
export function droppedDatagrams(port: number): number {
  return ["/proc/net/udp", "/proc/net/udp6"]
    .filter((path) => existsSync(path))
    .reduce((sum, path) => sum + parseDrops(readFileSync(path, "utf8"), port), 0);
}

export function parseDrops(table: string, port: number): number {
  const end = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  let drops = 0;
  for (const line of table.split("\n").slice(1)) {
    const fields = line.trim().split(/\s+/);
    if (fields[1]?.endsWith(end)) drops += Number(fields.at(-1));
  }
  return drops;
}

/**
 * Bytes that lie unread in the fullest of the sockets on a local TCP port: `/proc/net/tcp` and `tcp6`, the second half of the
 * fifth column. A listener's number of waiting connections counts too.
 */
export function unreadBytes(port: number): number {
  return ["/proc/net/tcp", "/proc/net/tcp6"]
    .filter((path) => existsSync(path))
    .reduce((most, path) => Math.max(most, parseUnreadBytes(readFileSync(path, "utf8"), port)), 0);
}

export function parseUnreadBytes(table: string, port: number): number {
  const end = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  let most = 0;
  for (const line of table.split("\n").slice(1)) {
    const fields = line.trim().split(/\s+/);
    if (fields[1]?.endsWith(end)) most = Math.max(most, Number.parseInt(fields[4]?.split(":")[1] ?? "0", 16));
  }
  return most;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return Number.NaN;
  if (sorted.length % 2 === 1) return sorted[Math.floor(middle)] as number;
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
