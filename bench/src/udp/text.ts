import { decimal, formatTable } from "../table.ts";
import type { UdpRow } from "./udp.ts";

export function udpText(rows: readonly UdpRow[]): string {
  const heads = ["datagrams", "µs CPU", "× C loop", "least", "most"];
  const cells = rows.map((row) => [
    `${row.role === "send" ? "sent" : "received"}, ${row.contestant}`,
    decimal(row.cpuUs, 3),
    decimal(row.ratio, 2),
    decimal(row.least, 2),
    decimal(row.most, 2),
  ]);
  return formatTable(heads, cells);
}
