import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../compile.ts";
import { BenchError } from "../errors.ts";
import { fineCpuSecondsOf, machineCpuSeconds, residentBytesOf, unreadBytes } from "../measure.ts";
import { LOAD_CORE, start } from "../program.ts";
import { type Attempted, greatestMeasured } from "../srt/search.ts";
import { APP, type RtmpContestant } from "./contestant.ts";

export interface RtmpPublishOptions {
  /** By name. */
  readonly servers: ReadonlyMap<string, RtmpContestant>;
  readonly bitsPerSecond: number;
  readonly seconds: number;
  /** Where to begin, and where to stop though it still holds. */
  readonly first: number;
  readonly limit: number;
  /** A number at which the server fell behind is measured up to so many times. */
  readonly tries: number;
  readonly progress?: (text: string) => void;
}

/** What the publishers know, counted from their beginning; `rtmp-feeder.c` prints it each second. */
export interface FeederReport {
  readonly publishers: number;
  readonly closed: number;
  readonly messages: number;
  readonly bytes: number;
  /** Of the last second: how late the latest publisher was since its socket was full, and how late we were woken. */
  readonly latestMs: number;
  readonly oversleptMs: number;
}

/** `slow load`: the publishers did not get their core, which proves nothing. `ended`: they could not all publish. */
export type RtmpVerdict = "good" | "behind" | "slow load" | "ended";

export interface RtmpPublishRow {
  readonly publishers: number;
  readonly verdict: RtmpVerdict;
  /** Shares of one core: of the server, of the publishers, and of everything else. */
  readonly load: number;
  readonly peerLoad: number;
  readonly otherLoad: number;
  /** The server's CPU seconds for a gigabyte (10⁹ bytes) taken in. */
  readonly cpuPerGb: number;
  readonly residentBytes: number;
  /** The stream's time that lay unread in the fullest of the server's sockets, at most. */
  readonly waitingMs: number;
  readonly latestMs: number;
  readonly oversleptMs: number;
  readonly closed: number;
}

export interface RtmpPublishResult extends Attempted<RtmpPublishRow> {
  readonly server: string;
}

const WARM_UP_S = 4;
const PRECISION = 0.05;
/** So much of a stream unread is more than a pause. */
const BEHIND_MS = 500;
/** Publishers woken this late did not get their core. */
const OVERSLEPT_MS = 100;

/** How many publishers one worker of each server takes before it falls behind. */
export async function runRtmpPublish(options: RtmpPublishOptions): Promise<RtmpPublishResult[]> {
  const results: RtmpPublishResult[] = [];
  for (const [server, contestant] of options.servers)
    results.push(await searchOf(server, contestant, options));
  return results;
}

async function searchOf(
  server: string,
  contestant: RtmpContestant,
  options: RtmpPublishOptions,
): Promise<RtmpPublishResult> {
  const { first, limit, tries } = options;
  const missing = contestant.missing();
  if (missing !== undefined) throw new BenchError("bench.tool", missing);
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  try {
    // nginx started by root writes as nobody.
    chmodSync(folder, 0o777);
    const { most, isExact, rows } = await greatestMeasured({
      ...{ first, limit, tries, precision: PRECISION, ended },
      measure: (publishers) => measure(options, { folder, publishers, contestant }),
      progress: (publishers, attempt) =>
        options.progress?.(`${server}, ${publishers} publishers, attempt ${attempt}`),
    });
    return { server, most, isExact: isExact && most < limit, rows };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  { bitsPerSecond, seconds }: RtmpPublishOptions,
  { folder, publishers, contestant }: { folder: string; publishers: number; contestant: RtmpContestant },
): Promise<RtmpPublishRow> {
  const streams = Array.from({ length: publishers }, (_, i) => `s${i}`);
  await using running = await contestant.start({ folder, streams, hls: false });
  const words = ["127.0.0.1", running.rtmpPort, APP, "s%", bitsPerSecond, publishers].map(String);
  await using feeder = start(LOAD_CORE, compile("rtmp-feeder", folder), words);
  const next = async () => JSON.parse(await feeder.line((line) => line.includes('"second"'))) as FeederReport;
  for (let second = 1; second < WARM_UP_S; second += 1) await next();
  const pids = running.pids();
  const reports = [await next()];
  const unread: number[] = [];
  const before = usage(pids, feeder.pid);
  for (let second = 1; second <= seconds; second += 1) {
    reports.push(await next());
    unread.push(unreadBytes(running.rtmpPort));
  }
  const after = usage(pids, feeder.pid);
  const cpuSeconds = after.cpu - before.cpu;
  const loadCpuSeconds = after.load - before.load;
  const otherCpuSeconds = Math.max(0, after.machine - before.machine - cpuSeconds - loadCpuSeconds);
  const residentBytes = pids.reduce((sum, pid) => sum + residentBytesOf(pid), 0);
  const waitingMs = (Math.max(...unread) * 8000) / bitsPerSecond;
  return judgeRtmp(reports, {
    seconds,
    cpuSeconds,
    loadCpuSeconds,
    otherCpuSeconds,
    residentBytes,
    waitingMs,
  });
}

function usage(pids: readonly number[], feederPid: number) {
  const cpu = pids.reduce((sum, pid) => sum + fineCpuSecondsOf(pid), 0);
  return { cpu, load: fineCpuSecondsOf(feederPid), machine: machineCpuSeconds() };
}

export interface PublishUsage {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly loadCpuSeconds: number;
  readonly otherCpuSeconds: number;
  readonly residentBytes: number;
  readonly waitingMs: number;
}

/** A row from the reports of the seconds measured, and the one before them. */
export function judgeRtmp(reports: readonly FeederReport[], used: PublishUsage): RtmpPublishRow {
  const [first, last] = [reports[0] as FeederReport, reports.at(-1) as FeederReport];
  const measured = reports.slice(1);
  const latestMs = Math.max(...measured.map((one) => one.latestMs));
  const oversleptMs = Math.max(...measured.map((one) => one.oversleptMs));
  const behind = latestMs > BEHIND_MS || used.waitingMs > BEHIND_MS || last.closed > 0;
  const slow = oversleptMs > OVERSLEPT_MS;
  return {
    publishers: last.publishers,
    verdict: behind ? (slow ? "slow load" : "behind") : "good",
    load: used.cpuSeconds / used.seconds,
    peerLoad: used.loadCpuSeconds / used.seconds,
    otherLoad: used.otherCpuSeconds / used.seconds,
    cpuPerGb: used.cpuSeconds / ((last.bytes - first.bytes) / 1e9),
    residentBytes: used.residentBytes,
    waitingMs: used.waitingMs,
    latestMs,
    oversleptMs,
    closed: last.closed,
  };
}

function ended(publishers: number): RtmpPublishRow {
  const none = { load: Number.NaN, peerLoad: Number.NaN, otherLoad: Number.NaN, cpuPerGb: Number.NaN };
  const times = { waitingMs: Number.NaN, latestMs: Number.NaN, oversleptMs: Number.NaN };
  return { publishers, verdict: "ended", ...none, residentBytes: Number.NaN, ...times, closed: publishers };
}
