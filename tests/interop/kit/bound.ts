import { readFileSync } from "node:fs";
import { until } from "../../e2e/kit/server.ts";

const LISTEN = "0A";

/** Local ports of this machine's sockets, out of the kernel's table. */
function ports(table: "udp" | "tcp", state?: string): Set<number> {
  const found = new Set<number>();
  for (const suffix of ["", "6"]) {
    for (const line of readFileSync(`/proc/net/${table}${suffix}`, "latin1").split("\n").slice(1)) {
      const [, local, , status] = line.trim().split(/\s+/);
      if (local === undefined || (state !== undefined && status !== state)) continue;
      found.add(Number.parseInt(local.slice(local.lastIndexOf(":") + 1), 16));
    }
  }
  return found;
}

/** Waits until some program receives on a UDP port. */
export async function untilReceiving(port: number): Promise<void> {
  await until(`a receiver on UDP port ${port}`, 8000, () => ports("udp").has(port) || undefined);
}

/** Waits until some program listens on a TCP port. */
export async function untilListening(port: number): Promise<void> {
  await until(`a listener on TCP port ${port}`, 8000, () => ports("tcp", LISTEN).has(port) || undefined);
}
