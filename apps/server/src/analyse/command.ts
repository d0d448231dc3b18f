import { PacketAligner, TsAnalyser, type TsReport } from "@millrace/mpegts";
import { analyseError } from "./errors.ts";
import { formatReport } from "./format-report.ts";
import { openSource } from "./source.ts";

const LIVE_SECONDS = 10;

export interface AnalyseOptions {
  /** Print the report as JSON instead of text. */
  readonly json: boolean;
  /** How long to listen; default 10 for live inputs, no limit for files. */
  readonly seconds?: number;
  readonly stdout: NodeJS.WritableStream;
}

/**
 * `millrace analyse TARGET`: reads a file (`-` for standard input) or listens to a URL, and prints what the transport
 * stream is. Rejects with a `MillraceError` (`analyse.*`) if there is nothing to read or no transport stream in it.
 */
export async function analyseCommand(target: string, options: AnalyseOptions): Promise<void> {
  const report = await analyseTarget(target, options.seconds);
  const text = options.json ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report, target);
  await new Promise<void>((resolve, reject) => {
    options.stdout.once("error", (error: NodeJS.ErrnoException) => {
      // Whoever read the output (`head`) has seen enough.
      if (error.code === "EPIPE") resolve();
      else reject(error);
    });
    options.stdout.write(text, (error) => {
      if (!error) resolve();
    });
  });
}

/** Reads a target to its end, or for `seconds`, and reports. */
export async function analyseTarget(target: string, seconds?: number): Promise<TsReport> {
  const source = openSource(target);
  const analyser = new TsAnalyser();
  let arrival = -1;
  const aligner = new PacketAligner((buf, start, count) => analyser.push(buf, start, count, arrival));
  const limit = seconds ?? (source.live ? LIVE_SECONDS : undefined);
  const abort = new AbortController();
  const timer = limit === undefined ? undefined : setTimeout(() => abort.abort(), limit * 1000);
  let bytes = 0;
  try {
    await source.read((chunk, arrivalNs) => {
      arrival = arrivalNs;
      bytes += chunk.length;
      aligner.push(chunk);
      analyser.noteSync(aligner);
    }, abort.signal);
  } finally {
    clearTimeout(timer);
  }
  aligner.flush();
  analyser.noteSync(aligner);
  if (aligner.packets === 0) throw analyseError("analyse.no-packets", nothingFound(target, bytes));
  return analyser.report();
}

function nothingFound(target: string, bytes: number): string {
  return bytes === 0 ? `${target}: nothing came` : `${target}: no transport stream in ${bytes} bytes`;
}
