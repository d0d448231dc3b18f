import { hasProgram } from "../program.ts";
import type { Finding } from "../suite/goals.ts";
import { pick, present, repeatsOf, type Suite, serversOf } from "../suite/suite.ts";
import { runPublish } from "./publish.ts";
import { type SrtServerName, srtServers } from "./servers.ts";
import { runSrt, type SrtRow } from "./srt.ts";
import { publishText, srtText } from "./text.ts";

const NAMES = Object.keys(srtServers) as SrtServerName[];

export const srtSuite: Suite = {
  name: "srt",
  title: "SRT to many receivers",
  run: async (options) => {
    const receivers = pick(options.readers, options, { quick: [50], thorough: [1, 10, 50, 100] });
    const missing = (name: string) =>
      name === "millrace" || hasProgram(name) ? undefined : `${name} is not installed`;
    const asked = options.servers ?? (options.quick ? ["millrace", "srt-live-transmit"] : undefined);
    const { here, reasons } = present(serversOf(NAMES, asked), missing, options.servers);
    const seconds = pick(options.seconds, options, { quick: 5, thorough: 10 });
    const times = { repeats: repeatsOf(options), seconds };
    const rows = await runSrt({ ...options, ...times, receivers, servers: here });
    return { text: srtText(rows), data: rows, findings: findingsOf(rows), missing: reasons };
  },
};

/** Millrace's cost, by that of each of the others. */
function findingsOf(rows: readonly SrtRow[]): Finding[] {
  return rows.flatMap((row) => {
    const own = rows.find((it) => it.server === "millrace" && it.receivers === row.receivers);
    if (row.server === "millrace" || own === undefined) return [];
    const where = `${row.receivers} receivers${row.server === "ffmpeg" ? ", by ffmpeg's" : ""}`;
    const measured = { goal: "srt-fanout", measured: own.cpuPerGb, unit: "CPU-s/GB" };
    return [{ ...measured, where, ratio: row.millraceRatio, beside: row.server === "ffmpeg" }];
  });
}

export const srtPublishSuite: Suite = {
  name: "srt-publish",
  title: "Publishers over SRT",
  run: async (options) => {
    const limit = pick(options.streams, options, { quick: 50, thorough: 400 });
    const first = options.quick ? limit : Math.min(10, limit);
    const seconds = pick(options.seconds, options, { quick: 4, thorough: 10 });
    const times = { tries: repeatsOf(options), seconds };
    const result = await runPublish({ ...options, ...times, bitsPerSecond: 4_000_000, first, limit });
    return { text: publishText(result), data: result, findings: [] };
  },
};
