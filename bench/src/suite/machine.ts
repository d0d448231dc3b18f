import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";
import { machineCpuSeconds } from "../measure.ts";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
  /** Versions of what is measured beside Millrace and of the compiler, by name; of those that are installed. */
  readonly programs: Readonly<Record<string, string>>;
}

/** How a program tells its version, and where in what it says. */
const VERSIONS: readonly (readonly [name: string, words: readonly string[], version: RegExp])[] = [
  ["nginx", ["-v"], /nginx\/(\S+)/],
  ["srt-live-transmit", ["-version"], /SRT Library version: (\S+)/],
  ["ffmpeg", ["-version"], /ffmpeg version (\S+)/],
  ["cc", ["--version"], /^\S+ (.+)$/m],
];

export function describeMachine(): Machine {
  const programs = VERSIONS.flatMap(([name, words, version]) => {
    const { error, stdout, stderr } = spawnSync(name, [...words], { encoding: "utf8", timeout: 5000 });
    if (error !== undefined) return [];
    return [[name, version.exec(`${stdout}\n${stderr}`)?.[1] ?? "version unknown"] as const];
  });
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
    node: process.version,
    programs: Object.fromEntries(programs),
  };
}

/** Measures what everybody else on the machine took, while something ran. */
export class OtherLoad {
  readonly #startMs = performance.now();
  readonly #machine = machineCpuSeconds();
  readonly #own = ownCpuSeconds();

  /** In one core's worth, since it was made. What the bench started has to have ended. */
  end(): number {
    const seconds = (performance.now() - this.#startMs) / 1000;
    const others = machineCpuSeconds() - this.#machine - (ownCpuSeconds() - this.#own);
    return Math.max(0, others) / seconds;
  }
}

function ownCpuSeconds(): number {
  return parseFamilyCpuSeconds(readFileSync("/proc/self/stat", "utf8"));
}

/** `/proc/PID/stat` (proc(5)), fields 14 to 17: its own time, and that of children which have ended and been waited for. */
export function parseFamilyCpuSeconds(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) / 100;
}
