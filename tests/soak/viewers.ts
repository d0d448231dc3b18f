import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { TestServer, until } from "../e2e/kit/server.ts";
import { cpuSeconds, residentMb, type Sample, slopeMbPerMinute } from "./memory.ts";
import { NumberedPublisher } from "./numbered-publisher.ts";

export interface SoakOptions {
  readonly minutes: number;
  /** All connections, sleepers included. */
  readonly viewers: number;
  /** Those that never read. */
  readonly sleepers: number;
  /** Bits a second. */
  readonly bitrate: number;
  readonly workers: number;
}

/** What the watching program says every five seconds. */
interface Line {
  readonly seconds: number;
  readonly open: number;
  readonly bytes: number;
  readonly firstNext: number;
  readonly lastNext: number;
  readonly badSyncs: number;
  readonly ccErrors: number;
  readonly gaps: number;
  readonly lostPackets: number;
  readonly closed: number;
  readonly refused: number;
  readonly stalls: number;
  readonly sleeperTurns: number;
}

const WARM_UP_S = 60;
const MOST_MB_PER_MINUTE = 1;
/** Longer than the server waits before it drops a viewer that takes nothing. */
const SLEEP_S = 40;
/** Between the last packet published and the last look. */
const TAIL_S = 3;

/**
 * Many viewers of one stream, some of whom never read: the others must get every packet, and the server's memory must
 * not grow. Prints a line every five seconds; returns what failed.
 */
export async function soakViewers(options: SoakOptions): Promise<string[]> {
  const stops: (() => unknown)[] = [];
  try {
    const seconds = options.minutes * 60;
    const program = compileWatch(stops);
    const config = "stream soak { publish_enabled; }";
    const server = await TestServer.start({ after: (stop) => stops.push(stop) }, config, {
      workers: options.workers,
    });
    const publisher = new NumberedPublisher(server.url("/soak/mpegts"), options.bitrate);
    stops.push(() => publisher.stop());
    await until("the stream", 5000, async () => (await server.stream("soak")).running || undefined);
    const timer = setTimeout(() => publisher.stop(), (seconds - TAIL_S) * 1000);
    stops.push(() => clearTimeout(timer));
    const { lines, samples } = await watch(server, program, options);
    return judge({ lines, samples, publisher, server, options });
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

function compileWatch(stops: (() => unknown)[]): string {
  const folder = mkdtempSync(join(tmpdir(), "millrace-soak-"));
  stops.push(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, "watch");
  const source = join(import.meta.dirname, "native/watch.c");
  const { status, stderr } = spawnSync("cc", ["-O2", "-Wall", "-Wextra", "-o", program, source], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`cc failed: ${stderr}`);
  return program;
}

async function watch(server: TestServer, program: string, options: SoakOptions) {
  const { viewers, sleepers, minutes } = options;
  const numbers = [viewers - sleepers, sleepers, minutes * 60, SLEEP_S].map(String);
  const child = spawn(program, ["127.0.0.1", String(server.port), "/soak/mpegts", ...numbers], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: Line[] = [];
  const samples: Sample[] = [];
  let cpu = cpuSeconds(server.pid);
  console.log("   time  RSS MB  arenas  viewers  Gbit/s  CPU %   gaps  CC  stalls  skips  dropped");
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as Line;
    const last = lines.at(-1);
    const spentS = line.seconds - (last?.seconds ?? 0);
    if (spentS < 1) {
      lines.push(line);
      continue;
    }
    const sample = { seconds: line.seconds, rssMb: residentMb(server.pid) };
    const used = cpuSeconds(server.pid) - cpu;
    cpu += used;
    const gbit = ((line.bytes - (last?.bytes ?? 0)) * 8) / spentS / 1e9;
    lines.push(line);
    samples.push(sample);
    const { skips, dropped, arenaMb } = await serverNumbers(server);
    const cells: [string | number, number][] = [
      [`${line.seconds.toFixed(0)} s`, 7],
      [sample.rssMb.toFixed(1), 8],
      [arenaMb, 8],
      [line.open, 9],
      [gbit.toFixed(2), 8],
      [((used / spentS) * 100).toFixed(0), 7],
      [line.gaps, 7],
      [line.ccErrors, 4],
      [line.stalls, 8],
      [skips, 7],
      [dropped, 9],
    ];
    console.log(cells.map(([cell, width]) => String(cell).padStart(width)).join(""));
  }
  return { lines, samples };
}

async function serverNumbers(server: TestServer) {
  const sessions = await server.sessions();
  const response = await fetch(server.url("/api/v1/workers"));
  const { workers } = (await response.json()) as { workers: { memory: { arenaBytes: number } }[] };
  return {
    skips: sessions.reduce((sum, session) => sum + session.skips, 0),
    dropped: server.log.filter((line) => line.message.includes("reads nothing")).length,
    arenaMb: workers.reduce((sum, worker) => sum + worker.memory.arenaBytes, 0) / 2 ** 20,
  };
}

async function judge(run: {
  readonly lines: readonly Line[];
  readonly samples: readonly Sample[];
  readonly publisher: NumberedPublisher;
  readonly server: TestServer;
  readonly options: SoakOptions;
}): Promise<string[]> {
  const { lines, samples, publisher, server, options } = run;
  const failures: string[] = [];
  const last = lines.at(-1);
  const readers = options.viewers - options.sleepers;
  if (last === undefined || last.bytes === 0) return ["nothing was received"];
  const slope = slopeMbPerMinute(samples.filter((sample) => sample.seconds >= WARM_UP_S));
  const published = publisher.packets;
  console.log(
    `${readers} readers got ${(last.bytes / 1e9).toFixed(1)} GB; ${published} packets published, all readers at packet ` +
      `${last.firstNext - 1} or later; ${last.sleeperTurns} turns of ${options.sleepers} sleepers; memory ` +
      `${slope.toFixed(2)} MB a minute`,
  );
  const wanted: readonly [string, number, number][] = [
    ["readers still open", last.open, readers],
    ["gaps", last.gaps, 0],
    ["continuity errors", last.ccErrors, 0],
    ["bad sync bytes", last.badSyncs, 0],
    ["stalls", last.stalls, 0],
    ["last packet of the slowest reader", last.firstNext - 1, published],
  ];
  for (const [name, value, right] of wanted)
    if (value !== right) failures.push(`${name}: ${value}, not ${right}`);
  if (Number.isNaN(slope)) console.log(`memory: not judged, for it took less than ${WARM_UP_S + 10} s`);
  else if (slope > MOST_MB_PER_MINUTE) failures.push(`memory grows by ${slope.toFixed(2)} MB a minute`);
  if (publisher.status !== undefined)
    failures.push(`the publisher was ended with status ${publisher.status}`);
  for (const line of server.log) if (line.level === "error") failures.push(`logged: ${line.message}`);
  if (server.stderr !== "") failures.push(server.stderr);
  return failures;
}
