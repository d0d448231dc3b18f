import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileAddon } from "../../../native/udp/scripts/compiler.ts";
import { compile } from "../compile.ts";
import { BenchError } from "../errors.ts";
import { median } from "../measure.ts";
import { LOAD_CORE, SERVER_CORE, start } from "../program.ts";
import { type Spread, spreadOf } from "../srt/srt.ts";
import { inTurns } from "../turns.ts";

export interface UdpBenchOptions {
  readonly repeats: number;
  /** Datagrams in one measurement. */
  readonly packets: number;
  readonly progress?: (text: string) => void;
  /** Told each measurement. */
  readonly onSample?: (sample: object) => void;
}

export const SENDERS = ["c loop", "native", "native, copied", "node:dgram"] as const;
export const RECEIVERS = ["c loop", "native", "node:dgram"] as const;
type Contestant = (typeof SENDERS)[number];

export interface UdpRow {
  readonly role: "send" | "receive";
  readonly contestant: Contestant;
  /** CPU time for one datagram, microseconds: the median of the repeats. */
  readonly cpuUs: number;
  readonly cpu: Spread;
  /** That by the C loop's, each ratio taken within one repeat: the median, and the least and the most. */
  readonly ratio: number;
  readonly least: number;
  readonly most: number;
}

/** How `udp-loop-main.ts` calls them. */
const MODES: Readonly<Record<Contestant, string>> = {
  "c loop": "",
  native: "native",
  "native, copied": "copied",
  "node:dgram": "dgram",
};
const NODE_PROGRAM = join(import.meta.dirname, "udp-loop-main.ts");

/** CPU for one datagram of 1,316 bytes over loopback: each sender against the receiver in C, and the other way round. */
export async function runUdp(options: UdpBenchOptions): Promise<UdpRow[]> {
  const addon = compileAddon();
  if (addon.state === "failed") throw new BenchError("bench.tool", addon.reason);
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  try {
    const program = compile("udp-loop", folder);
    return [
      ...(await measureRole("send", SENDERS, { ...options, program })),
      ...(await measureRole("receive", RECEIVERS, { ...options, program })),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Field = UdpBenchOptions & { readonly program: string };

async function measureRole(
  role: UdpRow["role"],
  contestants: readonly Contestant[],
  field: Field,
): Promise<UdpRow[]> {
  const { repeats, progress, onSample } = field;
  const turns = { names: contestants, repeats, progress, onSample, what: () => role };
  const costs = await inTurns(turns, (contestant) => measureOne(role, contestant, field));
  const base = costs.get("c loop") ?? [];
  return [...costs].map(([contestant, list]) => {
    const ratios = list.map((cost, i) => cost / (base[i] as number));
    const most = Math.max(...ratios);
    const cost = { cpuUs: median(list), cpu: spreadOf(list) };
    return { role, contestant, ...cost, ratio: median(ratios), least: Math.min(...ratios), most };
  });
}

/** Microseconds of CPU for each datagram. */
async function measureOne(role: UdpRow["role"], contestant: Contestant, field: Field): Promise<number> {
  // What takes ten times as long is measured well enough with fewer.
  const count = String(Math.ceil(contestant === "node:dgram" ? field.packets / 5 : field.packets));
  const run = (who: Contestant, core: number, words: readonly string[]) =>
    who === "c loop"
      ? start(core, field.program, words)
      : start(core, process.execPath, [NODE_PROGRAM, ...words, MODES[who]]);
  const receiving = role === "receive";
  await using receiver = run(receiving ? contestant : "c loop", receiving ? SERVER_CORE : LOAD_CORE, [
    "receive",
    count,
  ]);
  const port = (await receiver.line((line) => line.startsWith("port "))).slice("port ".length);
  await using sender = run(receiving ? "c loop" : contestant, receiving ? LOAD_CORE : SERVER_CORE, [
    "send",
    port,
    count,
  ]);
  const result = await (receiving ? receiver : sender).line((line) => line.startsWith("packets "));
  const [, packets, , cpuUs] = result.split(" ").map(Number);
  return (cpuUs as number) / (packets as number);
}
