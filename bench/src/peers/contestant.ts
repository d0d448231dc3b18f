import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BenchError } from "../errors.ts";
import { familyOf } from "../measure.ts";
import { freePort, hasProgram, SERVER_CORE, start } from "../program.ts";
import { orStop, type Place, type RtmpContestant, type Transport, waitForPort } from "../rtmp/contestant.ts";
import { type Peer, placeOf } from "./peers-file.ts";

/** A server of a file of peers, for the bench of RTMP. */
export function peerContestant(peer: Peer): RtmpContestant {
  const [program = ""] = peer.command;
  const transports = Object.keys(peer.play) as Transport[];
  return {
    transports,
    missing: () =>
      hasProgram(`'${program.replaceAll("'", "'\\''")}'`) ? undefined : `${program} is not there`,
    start: async ({ folder }) => {
      const home = join(folder, "peer");
      mkdirSync(home, { recursive: true });
      const ports = await portsOf(peer);
      const fill = (text: string) => fillIn(text, { home, config: join(home, "config"), ports });
      writeFileSync(join(home, "config"), fill(peer.config));
      const [command = "", ...words] = peer.command.map(fill);
      const server = start(SERVER_CORE, command, words);
      return await orStop(server, async () => {
        for (const port of ports.values()) await waitForPort(port, server);
        const place = (url: string, transport: Transport): Place => {
          const { port, path } = placeOf(url, peer.name, transport);
          return { port: ports.get(port) ?? 0, path };
        };
        const places = transports.map((one) => [one, place(peer.play[one] ?? "", one)] as const);
        return {
          rtmpPort: place(peer.publish, "rtmp").port,
          places: Object.fromEntries(places),
          pids: () => familyOf(server.pid),
        };
      });
    },
  };
}

/** A free port for each name in `{port:NAME}`, in URLs that are used: the server has to listen on all of these. */
async function portsOf(peer: Peer): Promise<Map<string, number>> {
  const ports = new Map<string, number>();
  for (const [, name = ""] of [peer.publish, ...Object.values(peer.play)]
    .join(" ")
    .matchAll(/\{port:(\w+)\}/g))
    if (!ports.has(name)) ports.set(name, await freePort());
  return ports;
}

interface Values {
  readonly home: string;
  readonly config: string;
  readonly ports: ReadonlyMap<string, number>;
}

/** Puts values in the place of `{home}`, `{config}` and `{port:NAME}`; other braces are the configuration's own. */
export function fillIn(text: string, { home, config, ports }: Values): string {
  return text.replaceAll(/\{(home|config|port:(\w+))\}/g, (_, word: string, port?: string) => {
    if (port === undefined) return word === "home" ? home : config;
    const number = ports.get(port);
    if (number === undefined)
      throw new BenchError("bench.usage", `file of peers: no URL names {port:${port}}`);
    return String(number);
  });
}
