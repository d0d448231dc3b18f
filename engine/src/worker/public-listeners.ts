import type { Logger, Protocol, Runtime } from "../api.ts";
import { HttpDoor } from "../http/door.ts";
import type { Adopter } from "../http/first-bytes.ts";
import type { Certificates } from "../http/tls/certificates.ts";
import type { NamedListener } from "./listeners.ts";

export interface PublicListenersOptions {
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly protocols: readonly Protocol[];
  readonly certificates: Certificates;
}

/** The public HTTP ports, then those of the protocols. */
export function makeListeners(options: PublicListenersOptions): NamedListener[] {
  const { runtime, log, protocols, certificates } = options;
  const own: NamedListener[] = [];
  const adopters: Adopter[] = [];
  for (const protocol of protocols) {
    const listener = protocol.listen?.(runtime);
    if (listener === undefined) continue;
    own.push({ name: protocol.name, listener });
    const { recognise } = protocol;
    if (recognise !== undefined && listener.adopt !== undefined)
      adopters.push({ recognise, adopt: (socket) => listener.adopt?.(socket) });
  }
  const makeRoutes = () => protocols.flatMap((each) => each.routes?.(runtime) ?? []);
  const door = new HttpDoor({ log, certificates, makeRoutes, adopters });
  return [{ name: "http", listener: door }, ...own];
}
