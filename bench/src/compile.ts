import { execFileSync } from "node:child_process";
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
  | "rtmp-sink"
  | "rtmp-feeder"
  | "flv-sink"
  | "hls-players"
  | "udp-loop";

/** Compiles `native/NAME.c` into `folder` with the system's own C compiler; the path of the program is returned. */
export function compile(name: NativeProgram, folder: string): string {
  if (!hasProgram("cc")) throw new BenchError("bench.tool", "no C compiler: install gcc or clang (cc)");
  const program = join(folder, name);
  execFileSync("cc", ["-O2", "-Wall", "-Wextra", "-o", program, join(NATIVE, `${name}.c`)]);
  return program;
}
