import { execFileSync, spawnSync } from "node:child_process";
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileAddon } from "./compiler.ts";

/**
 * `npm run sanitize -w @millrace/native-udp`: all tests of this workspace with the addon compiled for AddressSanitizer and
 * UndefinedBehaviorSanitizer, whose runtime is loaded ahead of Node. Fails when either has anything to say.
 */
const folder = mkdtempSync(join(tmpdir(), "millrace-sanitize-"));
process.exitCode = 1;
try {
  const outcome = compileAddon({ to: join(folder, "udp.node"), force: true, sanitize: true });
  if (outcome.state === "failed") throw new Error(outcome.reason);
  const runtime = (name: string): string =>
    execFileSync(process.env["CC"] ?? "cc", [`-print-file-name=${name}`], { encoding: "utf8" }).trim();
  const log = join(folder, "report");
  const env = {
    ...process.env,
    MILLRACE_UDP_ADDON: outcome.path,
    LD_PRELOAD: `${runtime("libasan.so")}:${runtime("libubsan.so")}`,
    // Node itself frees little at its end, and catches signals of its own.
    ASAN_OPTIONS: `detect_leaks=0:handle_segv=0:detect_odr_violation=0:log_path=${log}`,
    UBSAN_OPTIONS: `print_stacktrace=1:log_path=${log}`,
  };
  const tests = globSync("src/**/*.test.ts", { cwd: join(import.meta.dirname, "..") });
  const { status } = spawnSync(
    process.execPath,
    ["--test", "--test-concurrency=1", "--test-timeout=300000", ...process.argv.slice(2), ...tests],
    { cwd: join(import.meta.dirname, ".."), env, stdio: "inherit" },
  );
  const reports = globSync(`${log}*`);
  for (const path of reports) execFileSync("cat", [path], { stdio: "inherit" });
  if (status === 0 && reports.length === 0) {
    console.log("the sanitizers have nothing to say");
    process.exitCode = 0;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
