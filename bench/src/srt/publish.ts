import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../compile.ts";
import { droppedDatagrams, familyOf, fineCpuSecondsOf, machineCpuSeconds } from "../measure.ts";
import { startMillrace } from "../millrace.ts";
import { freeUdpPorts, LOAD_CORE, start } from "../program.ts";
import { syntheticTs } from "../synthetic-ts.ts";
import { type Attempted, greatestMeasured } from "./search.ts";
import { publisherWords } from "./servers.ts";

export interface PublishOptions {
  readonly bitsPerSecond: number;
  readonly seconds: number;
  /** Where to begin, and where to stop though it still holds. */
  readonly first: number;
  readonly limit: number;
  /** A machine that does something else for a moment is no reason to go down: what lost is measured up to so many times. */
  readonly tries: number;
  readonly progress?: (text: string) => void;
}

/** What the publishers know, counted from their beginning; `srt-feeder.c` prints it each second. */
export interface PublisherReport {
  readonly publishers: number;
  readonly closed: number;
  readonly sent: number;
  readonly lossReports: number;
  /** Packets that the server reported missing, repetitions included. */
  readonly reportedLost: number;
  readonly sentAgain: number;
  /** Asked for too late to be sent again. */
  readonly refusedAgain: number;
  /** Packets that our own socket did not take. */
  readonly blocked: number;
  /** Of the publisher that is farthest behind, at this moment. */
  readonly mostUnacknowledged: number;
  /** Of the last second: longest time without acknowledgement, how late we sent, and how late we were woken. */
  readonly longestAckGapMs: number;
  readonly latestMs: number;
  readonly oversleptMs: number;
}

/** `slow load`: the publishers could not keep their pace, which proves nothing. `ended`: they could not all connect. */
export type Verdict = "good" | "loss" | "slow load" | "ended";

export interface PublishRow {
  readonly publishers: number;
  readonly verdict: Verdict;
  /** Shares of one core: of the server, and of the publishers. */
  readonly load: number;
  readonly peerLoad: number;
  /** Of everything else on the machine, in one core's worth. */
  readonly otherLoad: number;
  /** The server's CPU seconds for a gigabyte (10⁹ bytes of media) taken in. */
  readonly cpuPerGb: number;
  readonly reportedLost: number;
  /** By the kernel, for want of room in the server's socket. */
  readonly socketDrops: number;
  readonly longestAckGapMs: number;
  readonly latestMs: number;
  readonly oversleptMs: number;
}

/** `most`: publishers without loss. */
export type PublishResult = Attempted<PublishRow>;

const PAYLOAD_BYTES = 1316;
const WARM_UP_S = 3;
/** The publishers play their file in circles; the server does not look at time stamps over SRT. */
const MEDIA_S = 30;
const PRECISION = 0.05;
/** Publishers this late, though nothing was lost that they had to send again, are themselves what is too slow. */
const LATE_MS = 100;
/** Woken this late they did not get their core, and what they then send at once may be too much at once. */
const OVERSLEPT_MS = 20;

/** How many publishers one worker takes before something is lost. */
export async function runPublish(options: PublishOptions): Promise<PublishResult> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  const { first, limit, tries } = options;
  try {
    const media = join(folder, "bench.mpegts");
    writeFileSync(media, syntheticTs(options.bitsPerSecond, MEDIA_S));
    return await greatestMeasured({
      ...{ first, limit, tries, precision: PRECISION, ended },
      measure: (publishers) => measurePublishers(options, { folder, media, publishers }),
      progress: (publishers, attempt) => options.progress?.(`${publishers} publishers, attempt ${attempt}`),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measurePublishers(
  { bitsPerSecond, seconds }: PublishOptions,
  field: { folder: string; media: string; publishers: number },
): Promise<PublishRow> {
  const { folder, media, publishers } = field;
  const port = await freeUdpPorts(1);
  const streams = Array.from({ length: publishers }, (_, i) => `stream s${i} { publish_enabled; }`);
  await using served = await startMillrace(folder, [`srt 127.0.0.1:${port};`, ...streams]);
  const words = publisherWords({
    port,
    streamId: "#!::r=s%,m=publish",
    media,
    bitsPerSecond,
    count: publishers,
  });
  await using feeder = start(LOAD_CORE, compile("srt-feeder", folder), words);
  const next = async () =>
    JSON.parse(await feeder.line((line) => line.includes('"second"'))) as PublisherReport;
  for (let second = 1; second < WARM_UP_S; second += 1) await next();
  const pids = familyOf(served.server.pid);
  const reports = [await next()];
  const before = usage(pids, feeder.pid, port);
  for (let second = 1; second <= seconds; second += 1) reports.push(await next());
  const after = usage(pids, feeder.pid, port);
  const cpuSeconds = after.cpu - before.cpu;
  const loadCpuSeconds = after.load - before.load;
  const otherCpuSeconds = Math.max(0, after.machine - before.machine - cpuSeconds - loadCpuSeconds);
  const socketDrops = after.drops - before.drops;
  return judge(reports, { seconds, cpuSeconds, loadCpuSeconds, otherCpuSeconds, socketDrops });
}

function ended(publishers: number): PublishRow {
  const none = { load: Number.NaN, peerLoad: Number.NaN, otherLoad: Number.NaN, cpuPerGb: Number.NaN };
  const nothing = { reportedLost: 0, socketDrops: 0 };
  const times = { longestAckGapMs: Number.NaN, latestMs: Number.NaN, oversleptMs: Number.NaN };
  return { publishers, verdict: "ended", ...none, ...nothing, ...times };
}

function usage(pids: readonly number[], feederPid: number, port: number) {
  const cpu = pids.reduce((sum, pid) => sum + fineCpuSecondsOf(pid), 0);
  const load = fineCpuSecondsOf(feederPid);
  return { cpu, load, machine: machineCpuSeconds(), drops: droppedDatagrams(port) };
}

/** What the publishers' reports say, the first of which is the beginning of the time measured. */
export function judge(
  reports: readonly PublisherReport[],
  usage: {
    seconds: number;
    cpuSeconds: number;
    loadCpuSeconds: number;
    otherCpuSeconds: number;
    socketDrops: number;
  },
): PublishRow {
  const [before] = reports as [PublisherReport];
  const after = reports.at(-1) as PublisherReport;
  const bytes = (after.sent - before.sent) * PAYLOAD_BYTES;
  const reportedLost = after.reportedLost - before.reportedLost;
  const latestMs = Math.max(...reports.slice(1).map((report) => report.latestMs));
  const oversleptMs = Math.max(...reports.slice(1).map((report) => report.oversleptMs));
  const isLossless = reportedLost === 0 && usage.socketDrops === 0 && after.closed === 0;
  const isStarved = oversleptMs > OVERSLEPT_MS || after.blocked > before.blocked;
  const isSlow = isStarved || (isLossless && latestMs > LATE_MS);
  return {
    publishers: after.publishers,
    verdict: isLossless && latestMs <= LATE_MS ? "good" : isSlow ? "slow load" : "loss",
    load: usage.cpuSeconds / usage.seconds,
    peerLoad: usage.loadCpuSeconds / usage.seconds,
    otherLoad: usage.otherCpuSeconds / usage.seconds,
    cpuPerGb: usage.cpuSeconds / (bytes / 1e9),
    reportedLost,
    socketDrops: usage.socketDrops,
    longestAckGapMs: Math.max(...reports.slice(1).map((report) => report.longestAckGapMs)),
    latestMs,
    oversleptMs,
  };
}
