import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { codeOf, messageOf } from "@millrace/engine";
import type { ListenConfig, OptionSpec, ServerConfig } from "@millrace/model";

/** A port that the server is going to open. */
export interface WantedPort extends ListenConfig {
  readonly transport: "tcp" | "udp";
}

/** All ports that a configuration asks for: those of HTTP, and those of `endpoint` lines. */
export function portsOf(
  config: ServerConfig,
  declarations: readonly { readonly options: readonly OptionSpec[] }[],
): readonly WantedPort[] {
  const specs = declarations.flatMap(({ options }) => options).filter((spec) => spec.type === "endpoint");
  const streams = [...config.streams, ...config.livePrefixes, ...config.rewrites].filter(
    (stream) => !stream.disabled,
  );
  const ports: WantedPort[] = config.http.map((listen) => ({ ...listen, transport: "tcp" }));
  for (const { name, transport = "tcp" } of specs) {
    for (const lines of [config.ports, ...streams.map((stream) => stream.ports)]) {
      for (const { options: _, ...listen } of lines?.[name] ?? []) ports.push({ ...listen, transport });
    }
  }
  return ports;
}

/** Workers share ports, so a second server would silently share them too: see first whether they are free. */
export async function refuseTakenPorts(ports: readonly WantedPort[]): Promise<void> {
  for (const port of ports) {
    try {
      await (port.transport === "tcp" ? probeTcp(port) : probeUdp(port));
    } catch (error) {
      const text = `cannot listen on ${port.transport === "tcp" ? "" : "UDP "}port ${port.port}: ${messageOf(error)}`;
      throw new Error(text, { cause: error });
    }
  }
}

function probeTcp({ host, port }: ListenConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen({ port, ...(host === undefined ? {} : { host }) }, () => probe.close(() => resolve()));
  });
}

function probeUdp({ host, port }: ListenConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createSocket(host?.includes(":") ? "udp6" : "udp4");
    probe.once("error", (error) => {
      probe.close();
      // Whatever else is wrong, whoever opens the port will say in the words of its protocol.
      if (codeOf(error) === "EADDRINUSE" || codeOf(error) === "EACCES") reject(error);
      else resolve();
    });
    probe.bind({ port, ...(host === undefined ? {} : { address: host }) }, () =>
      probe.close(() => resolve()),
    );
  });
}
