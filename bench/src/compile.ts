import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { BenchError } from "./errors.ts";
import { hasProgram } from "./program.ts";

const NATIVE = join(import.meta.dirname, "../native");

/** The programs in `native/`. */
export type NativeProgram =
  | "sink"
  | "send-loop"
  | "srt-sink"
  | "srt-feeder"
  | "udp-feeder"
  | "udp-sink"
  | "rtmp-sink"
  | "rtmp-feeder"
  | "flv-sink"
  | "hls-players"
  | "udp-loop";

/** Compiles `native/NAME.c` into `folder`, unless it is there already, with the system's own C compiler; returns the path of the program. */
export function compile(name: NativeProgram, folder: string): string {
  const program = join(folder, name);
  if (existsSync(program)) return program;
  if (!hasProgram("cc")) throw new BenchError("bench.tool", "no C compiler: install gcc or clang (cc)");
  execFileSync("cc", ["-O2", "-Wall", "-Wextra", "-o", program, join(NATIVE, `${name}.c`)]);
  return program;
}
