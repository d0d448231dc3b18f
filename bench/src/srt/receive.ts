import { CpuWindow } from "../cpu-window.ts";
import { LOAD_CORE, start } from "../program.ts";
import { LATENCY_MS, type SrtServer } from "./servers.ts";

/** What the receivers saw in the time measured; `srt-sink.c` prints it. */
interface ReceiverReport {
  readonly readers: number;
  readonly seconds: number;
  readonly bytes: number;
  readonly leastBytes: number;
  readonly mostBytes: number;
  readonly packets: number;
  /** Packets that did not come in their turn, those of them that came later, and those that never did. */
  readonly missing: number;
  readonly recovered: number;
  readonly lost: number;
  readonly duplicates: number;
  readonly badSyncs: number;
  readonly stalls: number;
  readonly longestGapMs: number;
  readonly rttMs: number;
  readonly closed: number;
  /** CPU time of the receivers themselves. */
  readonly sinkCpuSeconds: number;
}

/** One measurement of one server with one number of receivers. */
export interface SrtSample extends ReceiverReport {
  /** Of the server, in the time measured. */
  readonly cpuSeconds: number;
  /** Of the receivers and the feeder, which share a core. */
  readonly loadCpuSeconds: number;
  /** Of everything else on the machine, all cores. */
  readonly otherCpuSeconds: number;
}

export interface ReceiveOptions {
  /** The compiled `srt-sink.c`. */
  readonly program: string;
  readonly receivers: number;
  readonly seconds: number;
}

/** Between the first data for the last receiver and the measurement. */
const WARMUP_S = 4;

/** Puts receivers on a server and measures both sides. */
export async function measureReceivers(server: SrtServer, options: ReceiveOptions): Promise<SrtSample> {
  const { program, receivers, seconds } = options;
  const { port, portStep, streamId } = server;
  const words = ["127.0.0.1", port, portStep, streamId, receivers, LATENCY_MS, WARMUP_S, seconds].map(String);
  await using sink = start(LOAD_CORE, program, words);
  await sink.line((line) => line.includes('"start"'));
  const cpu = new CpuWindow(server.pids(), [server.feederPid]);
  const report = JSON.parse(await sink.line((line) => line.includes('"end"'))) as ReceiverReport;
  return { ...report, ...cpu.end(report.seconds, report.sinkCpuSeconds) };
}
