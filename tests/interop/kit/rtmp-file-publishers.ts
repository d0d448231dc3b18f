import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { run } from "../../e2e/kit/programs.ts";
import { Background } from "./background.ts";
import { gstLocation } from "./rtmp-programs.ts";

/** What publishes an FLV file of H.264 and AAC in real time, without encoding it anew. */
export interface FilePublisher {
  readonly name: string;
  readonly program: string;
  /** A library that is not seen to be missing from the program alone, and the Debian package that has it. */
  readonly library?: { readonly file: string; readonly debian: string };
  start(t: TestContext, file: string, url: string): Background;
  /** A file with the tags that it publishes: a multiplexer of its own may shift times. */
  multiplexed(file: string): Promise<string>;
}

const asItIs = (file: string): Promise<string> => Promise.resolve(file);

/** What GStreamer's multiplexer makes of a file. */
async function byGstreamer(file: string): Promise<string> {
  const again = `${file}.gst.flv`;
  const { status, stderr } = await run(
    "gst-launch-1.0",
    gstFile(file, ["filesink", `location=${again}`]),
    30_000,
  );
  if (status !== 0) throw new Error(`gst-launch-1.0 ended with ${status}: ${stderr}`);
  return again;
}

function gstFile(file: string, sink: readonly string[]): string[] {
  const words = [
    `-q filesrc location=${file} ! flvdemux name=in`,
    "in.video ! queue ! h264parse ! queue ! flvmux name=mux streamable=true",
    "in.audio ! queue ! aacparse ! queue ! mux.",
    "mux. !",
  ];
  return [...words.join(" ").split(" "), ...sink];
}

const LIBRTMP = `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/librtmp.so.1`;
let compiled: string | undefined;

/** Compiles the program that uses librtmp as OBS does. Throws what the compiler says. */
function librtmpPublisher(): string {
  if (compiled !== undefined) return compiled;
  const folder = mkdtempSync(join(tmpdir(), "millrace-librtmp-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, "librtmp-publish");
  const source = join(import.meta.dirname, "native/librtmp-publish.c");
  const args = ["-O2", "-Wall", "-Wextra", "-o", program, source, LIBRTMP];
  const { status, stderr } = spawnSync("cc", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`cc failed: ${stderr}`);
  compiled = program;
  return program;
}

export const FILE_PUBLISHERS: readonly FilePublisher[] = [
  {
    name: "FFmpeg",
    program: "ffmpeg",
    start: (t, file, url) => {
      const args = ["-v", "warning", "-nostdin", "-re", "-i", file, "-c", "copy", "-f", "flv", url];
      return Background.start(t, "ffmpeg", args);
    },
    multiplexed: asItIs,
  },
  {
    name: "GStreamer's rtmp2sink",
    program: "gst-launch-1.0",
    start: (t, file, url) =>
      Background.start(t, "gst-launch-1.0", gstFile(file, ["rtmp2sink", ...gstLocation(url), "sync=true"])),
    multiplexed: byGstreamer,
  },
  {
    name: "librtmp in GStreamer's rtmpsink",
    program: "gst-launch-1.0",
    start: (t, file, url) =>
      Background.start(t, "gst-launch-1.0", gstFile(file, ["rtmpsink", `location=${url}`, "sync=true"])),
    multiplexed: byGstreamer,
  },
  {
    name: "librtmp as OBS uses it",
    program: "cc",
    library: { file: LIBRTMP, debian: "librtmp1" },
    start: (t, file, url) => Background.start(t, librtmpPublisher(), [url, file]),
    multiplexed: asItIs,
  },
];

/** Whether the library is there; the test is skipped, and says so, where it is not. */
export function needsLibrary(t: TestContext, { library }: FilePublisher): boolean {
  if (library === undefined || existsSync(library.file)) return true;
  t.skip(`library missing: ${library.file} (Debian package ${library.debian})`);
  return false;
}
