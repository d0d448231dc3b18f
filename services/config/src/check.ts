import type { ServerConfig } from "@millrace/model";
import type { Environment } from "./compile/compilation.ts";
import { compile } from "./compile/compile.ts";
import { formatProblem, type Problem } from "./problem.ts";
import type { Registry } from "./registry.ts";
import { loadSource } from "./source.ts";

export interface CheckResult {
  readonly config: ServerConfig;
  readonly problems: readonly Problem[];
  readonly errors: number;
  readonly warnings: number;
  /** The answer of `millrace check`, many lines, without a line end at its end. */
  readonly text: string;
}

/** Reads a file as `serve` would, and says everything about it. Throws `config-unreadable`. */
export function checkFile(file: string, registry: Registry, environment: Environment): CheckResult {
  const { config, problems } = compile(loadSource(file), registry, environment);
  const errors = problems.filter((problem) => problem.severity === "error").length;
  const warnings = problems.length - errors;
  const lines = problems.map((problem) =>
    problem.severity === "warning" ? markWarning(formatProblem(problem)) : formatProblem(problem),
  );
  lines.push(summary({ file, config, errors, warnings }));
  return { config, problems, errors, warnings, text: lines.join("\n") };
}

/** `FILE:1:2: warning: …`; messages that already say what they are stay as they are. */
function markWarning(text: string): string {
  return text.replace(/^(.*?:\d+:\d+: )(?!not supported yet)/, "$1warning: ");
}

function summary(result: { file: string; config: ServerConfig; errors: number; warnings: number }): string {
  const { config, errors, warnings } = result;
  const found = [
    count(config.streams.length, "stream"),
    ...(config.livePrefixes.length > 0 ? [count(config.livePrefixes.length, "publish prefix", "es")] : []),
    ...(config.rewrites.length > 0 ? [count(config.rewrites.length, "rewrite")] : []),
  ].join(", ");
  if (errors > 0) return `${result.file}: ${count(errors, "error")}, ${count(warnings, "warning")}`;
  const rest = warnings > 0 ? `, ${count(warnings, "warning")}` : "";
  return `${result.file}: good: ${found}${rest}`;
}

function count(number: number, noun: string, plural = "s"): string {
  return `${number} ${noun}${number === 1 ? "" : plural}`;
}
