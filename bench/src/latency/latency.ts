import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { compile } from "../compile.ts";
import { CpuWindow } from "../cpu-window.ts";
import { familyOf, median } from "../measure.ts";
import { type Served, startMillrace } from "../millrace.ts";
import { freePort, freeUdpPorts, LOAD_CORE, type Program, start, waitForAnswer } from "../program.ts";
import { APP, waitForPort } from "../rtmp/contestant.ts";
import { LATENCY_MS, publisherWords } from "../srt/servers.ts";
import { type Spread, spreadOf } from "../srt/srt.ts";
import { syntheticTs } from "../synthetic-ts.ts";
import { inTurns } from "../turns.ts";

export interface LatencyOptions {
  /** Readers over HTTP-TS of another stream, beside: each number is measured on its own. */
  readonly readers: readonly number[];
  readonly repeats: number;
  readonly seconds: number;
  readonly progress?: (text: string) => void;
  /** Told each measurement. */
  readonly onSample?: (sample: object) => void;
}

export interface LatencyRow {
  /** "udp → http-ts". */
  readonly way: string;
  readonly readers: number;
  /** From the sender's send to the receiver's read, without the latency that SRT is asked to have; ms. */
  readonly p50: Spread;
  readonly p99: Spread;
  readonly mostMs: number;
  /** Shares of one core: the server, and everything but the server on the machine. */
  readonly load: number;
  readonly otherLoad: number;
}

const BITS_PER_SECOND = 4_000_000;
const BESIDE_BITS_PER_SECOND = 8_000_000;
const MEDIA_S = 60;
const WARM_UP_S = 2;
const START_MS = 20_000;
/** How long a push over UDP that paces holds the stream back: its default. */
const PACED_MS = 150;
/** What receivers of the streams beside outlive every measurement by. */
const LONG_S = 3600;

/** A way through the server. */
interface Way {
  readonly name: string;
  /** What the protocol is asked to hold the stream back by. */
  readonly heldMs: number;
  start(): Program;
}

/** Times that packets and frames take through one server, for each way in turn. */
export async function runLatency(options: LatencyOptions): Promise<LatencyRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  const rows: LatencyRow[] = [];
  try {
    for (const readers of options.readers) rows.push(...(await measureBeside(readers, options, folder)));
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureBeside(
  readers: number,
  options: LatencyOptions,
  folder: string,
): Promise<LatencyRow[]> {
  await using stack = new AsyncDisposableStack();
  const { server, ways } = await startField(folder, options, stack);
  if (readers > 0) await startBeside(server, { folder, readers }, stack);
  const { repeats, progress, onSample } = options;
  const byName = new Map(ways.map((way) => [way.name, way]));
  const turns = { names: [...byName.keys()], repeats, progress, onSample, what: () => `${readers} beside` };
  const samples = await inTurns(turns, (name) => measureWay(byName.get(name) as Way, server));
  return [...samples].map(([way, list]) => ({
    way,
    readers,
    p50: spreadOf(list.map((one) => one.p50Ms)),
    p99: spreadOf(list.map((one) => one.p99Ms)),
    mostMs: Math.max(...list.map((one) => one.mostMs)),
    load: median(list.map((one) => one.load)),
    otherLoad: Math.max(...list.map((one) => one.otherLoad)),
  }));
}

interface Sample {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mostMs: number;
  readonly load: number;
  readonly otherLoad: number;
}

/** What the receivers print: those of messages call the longest delay by another name than those of packets. */
interface Report {
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mostMs?: number;
  readonly longestDelayMs?: number;
}

async function measureWay(way: Way, server: Program): Promise<Sample> {
  await using probe = way.start();
  await probe.line((line) => line.includes('"start"'));
  const cpu = new CpuWindow(familyOf(server.pid));
  const report = JSON.parse(await probe.line((line) => line.includes('"end"'))) as Report;
  const { cpuSeconds, otherCpuSeconds } = cpu.end(report.seconds);
  return {
    p50Ms: report.p50Ms - way.heldMs,
    p99Ms: report.p99Ms - way.heldMs,
    mostMs: (report.mostMs ?? report.longestDelayMs ?? Number.NaN) - way.heldMs,
    load: cpuSeconds / report.seconds,
    otherLoad: otherCpuSeconds / report.seconds,
  };
}

/** A server with a stream over UDP, one over SRT and one over RTMP, and the ways out of it. */
async function startField(folder: string, { seconds }: LatencyOptions, stack: AsyncDisposableStack) {
  const media = join(folder, "stamped.mpegts");
  writeFileSync(media, syntheticTs(BITS_PER_SECOND, MEDIA_S));
  const rtmpPort = await freePort();
  const udpIn = await freeUdpPorts(4);
  const [udpOut, udpPaced, srtPort] = [udpIn + 1, udpIn + 2, udpIn + 3];
  const served: Served = stack.use(
    await startMillrace(folder, [
      `rtmp 127.0.0.1:${rtmpPort};`,
      `srt 127.0.0.1:${srtPort};`,
      `stream u { url udp://127.0.0.1:${udpIn}; hls_off;`,
      `  push udp://127.0.0.1:${udpOut}?pacing=off; push udp://127.0.0.1:${udpPaced}?latency=${PACED_MS}; }`,
      "stream s { publish_enabled; hls_off; }",
      `stream ${APP}/r { publish_enabled; hls_off; }`,
      "stream beside { publish_enabled; hls_off; }",
    ]),
  );
  const { server, port } = served;
  await waitForPort(rtmpPort, server);
  const feed = (name: "udp-feeder" | "srt-feeder" | "rtmp-feeder", words: readonly string[]) =>
    stack.use(start(LOAD_CORE, compile(name, folder), words));
  const rate = String(BITS_PER_SECOND);
  const udp = feed("udp-feeder", ["127.0.0.1", String(udpIn), media, rate, "1", "stamped"]);
  const published = { port: srtPort, streamId: "#!::r=s,m=publish", media, bitsPerSecond: BITS_PER_SECOND };
  const srt = feed("srt-feeder", [...publisherWords({ ...published, count: 1 }), "stamped"]);
  const rtmp = feed("rtmp-feeder", ["127.0.0.1", String(rtmpPort), APP, "r", rate, "1"]);
  await served.feed("/beside/mpegts", { bitsPerSecond: BESIDE_BITS_PER_SECOND, count: 1 });
  const url = `http://127.0.0.1:${port}`;
  const ended = Promise.race([udp.ended, srt.ended, rtmp.ended, server.ended]);
  for (const path of ["/u/mpegts", "/s/mpegts", `/${APP}/r.flv`, "/beside/mpegts"])
    await Promise.race([waitForAnswer(url + path, START_MS), ended]);
  const times = [WARM_UP_S, seconds];
  const probe = (name: Parameters<typeof compile>[0], words: readonly (string | number)[]) => () =>
    start(LOAD_CORE, compile(name, folder), words.map(String));
  const host = "127.0.0.1";
  const http = (path: string) => probe("sink", [host, port, path, 1, ...times, 0, "stamped"]);
  const asked = "#!::r=s,m=request";
  const ways: Way[] = [
    { name: "udp → udp", heldMs: 0, start: probe("udp-sink", [udpOut, ...times]) },
    { name: "udp → udp, paced", heldMs: PACED_MS, start: probe("udp-sink", [udpPaced, ...times]) },
    { name: "udp → http-ts", heldMs: 0, start: http("/u/mpegts") },
    {
      name: "srt → srt",
      heldMs: LATENCY_MS,
      start: probe("srt-sink", [host, srtPort, 0, asked, 1, LATENCY_MS, ...times]),
    },
    { name: "srt → http-ts", heldMs: LATENCY_MS, start: http("/s/mpegts") },
    {
      name: "rtmp → rtmp",
      heldMs: 0,
      start: probe("rtmp-sink", [host, rtmpPort, APP, "r", rate, 1, ...times]),
    },
    {
      name: "rtmp → http-flv",
      heldMs: 0,
      start: probe("flv-sink", [host, port, `/${APP}/r.flv`, rate, 1, ...times]),
    },
  ];
  return { server: Object.assign(server, { port }), ways };
}

async function startBeside(
  server: Program & { readonly port: number },
  { folder, readers }: { folder: string; readers: number },
  stack: AsyncDisposableStack,
): Promise<void> {
  const words = ["127.0.0.1", server.port, "/beside/mpegts", readers, 0, LONG_S].map(String);
  const sink = stack.use(start(LOAD_CORE, compile("sink", folder), words));
  await sink.line((line) => line.includes('"start"'));
  await sleep(WARM_UP_S * 1000);
}
