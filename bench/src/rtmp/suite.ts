import { BenchError } from "../errors.ts";
import type { Finding } from "../suite/goals.ts";
import { pick, present, repeatsOf, type Suite, type SuiteOptions, serversOf } from "../suite/suite.ts";
import { type RtmpContestant, TRANSPORTS, type Transport } from "./contestant.ts";
import { runRtmpPublish } from "./publish.ts";
import { type RtmpRow, runRtmp } from "./rtmp.ts";
import { rtmpServers } from "./servers.ts";
import { rtmpPublishText, rtmpText } from "./text.ts";

/** HLS is measured when it is asked for, or a peer has it. */
const USUAL: readonly Transport[] = ["rtmp", "http-flv", "http-ts"];

export const rtmpSuite: Suite = {
  name: "rtmp",
  title: "A stream published over RTMP, to many players",
  run: async (options) => {
    const players = pick(options.readers, options, { quick: [200], thorough: [50, 200, 500, 1000] });
    const { servers, missing } = choose(options);
    const transports = transportsOf(options);
    const seconds = pick(options.seconds, options, { quick: 5, thorough: 10 });
    const times = { repeats: repeatsOf(options), seconds };
    const rows = await runRtmp({ ...options, ...times, players, servers, transports });
    return { text: rtmpText(rows), data: rows, findings: rows.flatMap(findingsOf), missing };
  },
};

function transportsOf({ transports, peers }: SuiteOptions): Transport[] {
  if (transports === undefined) {
    const ofPeers = new Set([...peers.values()].flatMap((peer) => peer.transports));
    return TRANSPORTS.filter((one) => USUAL.includes(one) || ofPeers.has(one));
  }
  return transports.map((word) => {
    const found = TRANSPORTS.find((one) => one === word);
    if (found === undefined) throw new BenchError("bench.usage", `no transport "${word}"`);
    return found;
  });
}

/** The servers that are asked for: by default all that are there, in a quick run those that a goal is for, and all peers. */
function choose(options: SuiteOptions): { servers: Map<string, RtmpContestant>; missing: string[] } {
  const known = new Map([...rtmpServers, ...options.peers]);
  const quick = ["millrace", "nginx-rtmp", ...options.peers.keys()];
  const names = serversOf(known.keys(), options.servers ?? (options.quick ? quick : undefined));
  const { here, reasons } = present(names, (name) => known.get(name)?.missing(), options.servers);
  const servers = new Map([...known].filter(([name]) => here.includes(name)));
  return { servers, missing: reasons };
}

function findingsOf(row: RtmpRow): Finding[] {
  if (row.transport === "hls" || row.server === "nginx-rtmp") return [];
  const isMillrace = row.server === "millrace";
  const where = `${row.players} players${isMillrace ? "" : `, ${row.server}`}`;
  const cost = { measured: row.cpuPerGb, unit: "CPU-s/GB", ratio: row.nginxRatio };
  return [{ goal: row.transport, where, ...cost, beside: !isMillrace }];
}

export const rtmpPublishSuite: Suite = {
  name: "rtmp-publish",
  title: "Publishers over RTMP",
  run: async (options) => {
    const limit = pick(options.streams, options, { quick: 50, thorough: 800 });
    const { servers, missing } = choose(options);
    const first = options.quick ? limit : Math.min(25, limit);
    const seconds = pick(options.seconds, options, { quick: 4, thorough: 10 });
    const times = { tries: repeatsOf(options), seconds };
    const ends = { servers, bitsPerSecond: 4_000_000, first, limit };
    const results = await runRtmpPublish({ ...options, ...times, ...ends });
    return { text: rtmpPublishText(results), data: results, findings: [], missing };
  },
};
