import type { Finding } from "../suite/goals.ts";
import { pick, type Suite } from "../suite/suite.ts";
import { udpText } from "./text.ts";
import { runUdp, type UdpRow } from "./udp.ts";

export const udpSuite: Suite = {
  name: "udp",
  title: "A datagram over UDP",
  run: async (options) => {
    const packets = pick(options.packets, options, { quick: 1_000_000, thorough: 5_000_000 });
    const repeats = options.repeats ?? (options.quick ? 2 : 3);
    const rows = await runUdp({ ...options, repeats, packets });
    return { text: udpText(rows), data: rows, findings: rows.flatMap(findingsOf) };
  },
};

function findingsOf({ role, contestant, cpu, ratio, least, most }: UdpRow): Finding[] {
  if (contestant === "c loop") return [];
  const common = { goal: `udp-${role}`, where: contestant, measured: cpu, unit: "µs" };
  return [{ ...common, ratio: { median: ratio, least, most }, beside: contestant !== "native" }];
}
