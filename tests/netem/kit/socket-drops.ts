import { readFileSync } from "node:fs";

/** Datagrams that UDP sockets on a local port had no room for, in the network that a process lives in. */
export function socketDrops(pid: number, port: number): number {
  let drops = 0;
  for (const table of ["udp", "udp6"]) {
    for (const line of readFileSync(`/proc/${pid}/net/${table}`, "latin1").split("\n").slice(1)) {
      const words = line.trim().split(/\s+/);
      const local = words[1] ?? "";
      if (Number.parseInt(local.slice(local.lastIndexOf(":") + 1), 16) === port)
        drops += Number(words.at(-1));
    }
  }
  return drops;
}

/** Whether some UDP socket is bound to a local port, in the network that a process lives in. */
export function isBound(pid: number, port: number): boolean {
  return ["udp", "udp6"].some((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, "latin1")
      .split("\n")
      .slice(1)
      .some((line) => Number.parseInt((line.trim().split(/\s+/)[1] ?? "").slice(-4), 16) === port),
  );
}
