import { runHls } from "../hls/hls.ts";
import { runPartLatency } from "../hls/latency.ts";
import { type HlsServerName, hlsServers } from "../hls/targets.ts";
import { hlsText, partLatencyText } from "../hls/text.ts";
import { hasProgram } from "../program.ts";
import { pick, present, repeatsOf, type Suite, serversOf } from "./suite.ts";

const NAMES = Object.keys(hlsServers) as HlsServerName[];

export const hlsSuite: Suite = {
  name: "hls",
  title: "Low-latency HLS to many players",
  run: async (options) => {
    const players = pick(options.readers, options, { quick: [100], thorough: [50, 200, 500] });
    const missing = (name: string) =>
      name === "nginx" && !hasProgram("nginx") ? "nginx is not installed" : undefined;
    const { here, reasons } = present(serversOf(NAMES, options.servers), missing, options.servers);
    const streams = options.streams ?? 1;
    const bitsPerSecond = streams > 100 ? 500_000 : 4_000_000;
    const seconds = pick(options.seconds, options, { quick: 5, thorough: 10 });
    const times = { repeats: repeatsOf(options), seconds };
    const rows = await runHls({ ...options, ...times, players, streams, servers: here, bitsPerSecond });
    const findings = rows
      .filter((row) => row.server === "millrace")
      .map((row) => {
        const cost = { measured: row.cpuPerGb, unit: "CPU-s/GB", ratio: row.ratio };
        return { goal: "hls", where: `${row.players} players`, ...cost };
      });
    return { text: hlsText(rows), data: rows, findings, missing: reasons };
  },
};

/** Whose figures stand with those of the other ways in and out. */
export const hlsLatencySuite: Suite = {
  name: "hls-latency",
  title: "How long a part of HLS takes",
  run: async (options) => {
    const row = await runPartLatency({
      seconds: pick(options.seconds, options, { quick: 10, thorough: 20 }),
    });
    const [p50, p99] = [row.p50Ms, row.p99Ms].map((ms) => ({ median: ms, least: ms, most: ms }));
    if (p50 === undefined || p99 === undefined) throw new Error("no parts were timed");
    const where = "http-ts → part of hls, alone";
    return {
      text: partLatencyText(row),
      data: row,
      findings: [
        { goal: "latency-p50", where, measured: p50, unit: "ms" },
        { goal: "latency-p99", where, measured: p99, unit: "ms" },
      ],
    };
  },
};
