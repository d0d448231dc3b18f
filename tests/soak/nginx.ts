import { type Held, nginxCycles } from "../interop/kit/nginx-cycles.ts";

export interface NginxSoakOptions {
  /** Times that nginx is killed and restored. */
  readonly cycles: number;
  readonly streams: number;
}

/** Cycles until the heap has the size that it needs. */
const WARM_UP_CYCLES = 5;
/** Megabytes for each cycle after that. */
const MOST_MB_PER_CYCLE = 1;

/**
 * Kills and restores an nginx that streams are pushed to and fetched back from. Prints a line each time; returns what
 * failed.
 */
export async function soakNginx({ cycles, streams }: NginxSoakOptions): Promise<string[]> {
  const stops: (() => unknown)[] = [];
  console.log("  cycle  files  sessions  RSS MB  retries of pushes  of inputs");
  try {
    const { samples, server } = await nginxCycles(
      { after: (stop: () => unknown) => void stops.push(stop) },
      { cycles, streams, onCycle: printLine },
    );
    const failures = judge(samples, { cycles, streams });
    for (const { level, message } of server.log) if (level === "error") failures.push(`logged: ${message}`);
    return failures;
  } catch (error) {
    return [String(error)];
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

function printLine(held: Held, cycle: number): void {
  const { files, sessions, rssMb, pushRetries, inputRetries } = held;
  const cells = [cycle, files, sessions, rssMb.toFixed(1), pushRetries, inputRetries];
  const widths = [7, 7, 10, 8, 19, 11];
  console.log(cells.map((cell, i) => String(cell).padStart(widths[i] ?? 0)).join(""));
}

function judge(samples: readonly Held[], { cycles, streams }: NginxSoakOptions): string[] {
  const failures: string[] = [];
  const [first, warm, last] = [samples[0], samples[WARM_UP_CYCLES], samples.at(-1)];
  if (first === undefined || last === undefined) return ["nothing was measured"];
  if (last.files > first.files) failures.push(`open files: ${last.files}, at first ${first.files}`);
  if (last.sessions !== streams) failures.push(`sessions: ${last.sessions}, not ${streams}`);
  for (const [name, count] of [
    ["pushes", last.pushRetries - first.pushRetries],
    ["inputs", last.inputRetries - first.inputRetries],
  ] as const)
    if (count < cycles * streams) failures.push(`retries of ${name}: ${count}, not ${cycles * streams}`);
  if (warm === undefined || cycles < 2 * WARM_UP_CYCLES) {
    console.log(`memory: not judged, for there were fewer than ${2 * WARM_UP_CYCLES} cycles`);
  } else {
    const mb = (last.rssMb - warm.rssMb) / (cycles - WARM_UP_CYCLES);
    console.log(`memory: ${mb.toFixed(2)} MB for each cycle after the first ${WARM_UP_CYCLES}`);
    if (mb > MOST_MB_PER_CYCLE) failures.push(`memory grows by ${mb.toFixed(2)} MB a cycle`);
  }
  return failures;
}
