import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { BenchError } from "./errors.ts";
import { contestants } from "./fanout/contestants.ts";
import { type FanoutRow, runFanout } from "./fanout/fanout.ts";
import { runHls } from "./hls/hls.ts";
import { runPartLatency } from "./hls/latency.ts";
import { hlsServers } from "./hls/targets.ts";
import { hlsText, partLatencyText } from "./hls/text.ts";
import { type IdleRow, runIdle } from "./idle.ts";
import { runRtmpPublish } from "./rtmp/publish.ts";
import { runRtmp } from "./rtmp/rtmp.ts";
import { rtmpServers } from "./rtmp/servers.ts";
import { rtmpPublishText, rtmpText } from "./rtmp/text.ts";
import { runPublish } from "./srt/publish.ts";
import { srtServers } from "./srt/servers.ts";
import { runSrt } from "./srt/srt.ts";
import { publishText, srtText } from "./srt/text.ts";
import { decimal, formatTable } from "./table.ts";
import { runTs, type TsRow } from "./ts.ts";
import { udpText } from "./udp/text.ts";
import { runUdp } from "./udp/udp.ts";

const USAGE = `usage: npm run bench -- fanout [--readers 50,200,500] [--servers millrace,c-loop,nginx] [--repeats 3] [--seconds 10]
       npm run bench -- ts [--repeats 3] [--seconds 1]
       npm run bench -- idle [--streams 100] [--seconds 60]
       npm run bench -- hls [--readers 50,200,500] [--streams 1] [--servers millrace,nginx] [--repeats 3] [--seconds 10]
       npm run bench -- hls-latency [--seconds 20]
       npm run bench -- srt [--readers 1,10,50,100] [--servers millrace,srt-live-transmit,ffmpeg] [--repeats 3] [--seconds 10]
       npm run bench -- rtmp [--readers 50,200,500,1000] [--servers millrace,nginx-rtmp,node-media-server] [--repeats 3] [--seconds 10]
       npm run bench -- rtmp-publish [--streams 800] [--servers millrace,nginx-rtmp,node-media-server] [--repeats 3] [--seconds 10]
       npm run bench -- srt-publish [--streams 400] [--repeats 3] [--seconds 10]
       npm run bench -- udp [--repeats 3] [--packets 5000000]
       --json prints the figures as JSON`;

const { values, positionals } = readArguments();

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        readers: { type: "string" },
        servers: { type: "string" },
        repeats: { type: "string", default: "3" },
        seconds: { type: "string" },
        streams: { type: "string" },
        packets: { type: "string" },
      },
    });
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    process.exit(2);
  }
}

function positive(text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new BenchError("bench.usage", `"${text}" is no number above 0\n${USAGE}`);
  return number;
}

function numbersOf(text: string): number[] {
  return text.split(",").map(positive);
}

/** The names of `--servers` or by default, which must be among the keys of `known`. */
function serversOf<Name extends string>(known: Readonly<Record<Name, unknown>>, text: string): Name[] {
  return text.split(",").map((word) => {
    const name = word.trim();
    if (!Object.hasOwn(known, name)) throw new BenchError("bench.usage", `no server "${word}"\n${USAGE}`);
    return name as Name;
  });
}

const repeats = (): number => positive(values.repeats);
const seconds = (byDefault: number): number => positive(values.seconds ?? String(byDefault));

const progress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
};

function show<Row>(result: Row, text: (result: Row) => string): void {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  console.log(values.json ? JSON.stringify(result, undefined, 2) : text(result));
}

function fanoutText(rows: readonly FanoutRow[]): string {
  const heads = [
    "server",
    "readers",
    "CPU-s/GB",
    "× C loop",
    "core %",
    "GB",
    "least %",
    "stalls",
    "max gap ms",
    "bad",
  ];
  const cells = rows.map((row) => [
    row.server,
    String(row.readers),
    decimal(row.cpuPerGb, 3),
    decimal(row.ratio, 2),
    decimal(row.load * 100, 1),
    decimal(row.bytes / 1e9, 2),
    decimal(row.leastShare * 100, 1),
    String(row.stalls),
    decimal(row.longestGapMs, 0),
    String(row.badSyncs + row.closed),
  ]);
  return formatTable(heads, cells);
}

function tsText(rows: readonly TsRow[]): string {
  const heads = ["capture", "MB", "scan Gbit/s", "analyse Gbit/s", "demux Gbit/s", "units"];
  const cells = rows.map((row) => [
    row.capture,
    decimal(row.bytes / 1e6, 1),
    decimal(row.scan, 2),
    decimal(row.analyse, 2),
    decimal(row.demux, 2),
    String(row.units),
  ]);
  return formatTable(heads, cells);
}

function idleText(row: IdleRow): string {
  const mb = (bytes: number) => decimal(bytes / 2 ** 20, 1);
  const { streams, bytesBefore, bytesAfter } = row;
  const cells = [
    ["without streams", mb(bytesBefore)],
    [`with ${streams} streams, ${row.playing} of them in HLS`, mb(bytesAfter)],
    ["a stream, of all", mb(row.bytesPerStream)],
    ["a stream, of the growth", mb((bytesAfter - bytesBefore) / streams)],
  ];
  return `${formatTable(["server", "resident MiB"], cells)}\nload: ${decimal(row.load * 100, 0)} % of a core`;
}

/** The benches by name: each measures and prints. */
const benches: Readonly<Record<string, () => Promise<void>>> = {
  fanout: async () => {
    const readers = numbersOf(values.readers ?? "50,200,500");
    const names = (values.servers ?? "millrace,c-loop,nginx").replaceAll("c-loop", "c loop");
    const servers = serversOf(contestants, names);
    show(
      await runFanout({ readers, servers, repeats: repeats(), seconds: seconds(10), progress }),
      fanoutText,
    );
  },
  hls: async () => {
    const players = numbersOf(values.readers ?? "50,200,500");
    const servers = serversOf(hlsServers, values.servers ?? Object.keys(hlsServers).join());
    const streams = positive(values.streams ?? "1");
    const bitsPerSecond = streams > 100 ? 500_000 : 4_000_000;
    const options = { players, streams, servers, bitsPerSecond, repeats: repeats(), seconds: seconds(10) };
    show(await runHls({ ...options, progress }), hlsText);
  },
  "hls-latency": async () => show(await runPartLatency({ seconds: seconds(20) }), partLatencyText),
  srt: async () => {
    const receivers = numbersOf(values.readers ?? "1,10,50,100");
    const servers = serversOf(srtServers, values.servers ?? Object.keys(srtServers).join());
    show(await runSrt({ receivers, servers, repeats: repeats(), seconds: seconds(10), progress }), srtText);
  },
  "srt-publish": async () => {
    const limit = positive(values.streams ?? "400");
    const first = Math.min(10, limit);
    const options = { bitsPerSecond: 4_000_000, first, limit, tries: repeats(), seconds: seconds(10) };
    show(await runPublish({ ...options, progress }), publishText);
  },
  rtmp: async () => {
    const players = numbersOf(values.readers ?? "50,200,500,1000");
    const servers = serversOf(rtmpServers, values.servers ?? Object.keys(rtmpServers).join());
    show(await runRtmp({ players, servers, repeats: repeats(), seconds: seconds(10), progress }), rtmpText);
  },
  "rtmp-publish": async () => {
    const limit = positive(values.streams ?? "800");
    const servers = serversOf(rtmpServers, values.servers ?? Object.keys(rtmpServers).join());
    const options = { servers, bitsPerSecond: 4_000_000, first: Math.min(25, limit), limit };
    const times = { tries: repeats(), seconds: seconds(10) };
    show(await runRtmpPublish({ ...options, ...times, progress }), rtmpPublishText);
  },
  udp: async () => {
    const packets = positive(values.packets ?? "5000000");
    show(await runUdp({ repeats: repeats(), packets, progress }), udpText);
  },
  ts: async () => show(runTs({ repeats: repeats(), seconds: seconds(1), progress }), tsText),
  idle: async () => {
    const streams = positive(values.streams ?? "100");
    show(await runIdle({ streams, bitsPerSecond: 4_000_000, seconds: seconds(60), progress }), idleText);
  },
};

async function main(): Promise<void> {
  const name = positionals[0] ?? "";
  if (!Object.hasOwn(benches, name)) throw new BenchError("bench.usage", USAGE);
  if (availableParallelism() < 2)
    console.error("one core only: server and load share it, figures say little");
  await benches[name]?.();
}

try {
  await main();
} catch (error) {
  console.error(error instanceof BenchError ? error.message : error);
  process.exitCode = error instanceof BenchError && error.code === "bench.usage" ? 2 : 1;
}
