import { execFile, spawnSync } from "node:child_process";
import type { TestContext } from "node:test";

/** Whether a program is installed; the test is skipped, and says so, where it is not. */
export function needs(t: TestContext, program: string): boolean {
  if (spawnSync("which", [program]).status === 0) return true;
  t.skip(`program missing: ${program}`);
  return false;
}

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; killed after the time. */
export function run(program: string, args: readonly string[], timeoutMs: number): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: timeoutMs, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ status, stdout, stderr });
    });
  });
}
