import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Clock } from "@millrace/model";
import type { PeerSettings } from "../config.ts";
import { connectionRefused, socketFailed } from "../errors.ts";
import { Caller, type CallParts } from "../session/caller.ts";
import { Connection, type ConnectionEvents } from "../session/connection.ts";
import { Rendezvous } from "../session/rendezvous.ts";
import { eventsOf, type LegParts, random } from "./gate.ts";
import { SrtPort } from "./port.ts";
import { openSocket } from "./socket.ts";

/** Asked of the system for each socket; it gives what `net.core.rmem_max` allows. */
export const SOCKET_BUFFER_BYTES = 8 * 2 ** 20;

export interface CallOptions extends LegParts {
  readonly settings: PeerSettings;
  readonly clock: Clock;
  readonly events: ConnectionEvents;
  readonly signal: AbortSignal;
  readonly initialSequence?: number;
}

/** A connection that we called for, on a port of its own. */
export interface Line {
  readonly connection: Connection;
  readonly port: SrtPort;
}

/** Calls a peer, or meets it in a rendezvous. Rejects with `srt.refused`, `srt.socket`; undefined when aborted. */
export async function call(options: CallOptions): Promise<Line | undefined> {
  const { settings, clock, signal } = options;
  const address = await resolve(settings);
  if (signal.aborted) return undefined;
  const socket = await openSocket({
    ...ownEnd(settings.adapter),
    port: settings.localPort !== 0 ? settings.localPort : settings.mode === "rendezvous" ? settings.port : 0,
    reusePort: false,
    ttl: settings.ttl,
    trafficClass: settings.trafficClass,
    clock,
    bufferBytes: SOCKET_BUFFER_BYTES,
    family: isIP(address) === 6 ? 6 : 4,
  });
  const port = new SrtPort(socket, clock, idFrom(random(4)));
  try {
    const connection = await connect(port, address, options);
    if (connection !== undefined) return { connection, port };
  } catch (error) {
    await port.close();
    throw error;
  }
  await port.close();
  return undefined;
}

/** An adapter is an address, or the name of a network interface. */
export function ownEnd(adapter: string | undefined): {
  readonly host: string | undefined;
  readonly device: string | undefined;
} {
  const isName = adapter !== undefined && isIP(adapter) === 0;
  return isName ? { host: undefined, device: adapter } : { host: adapter, device: undefined };
}

/** A random socket ID or sequence number. */
export function idFrom(bytes: Uint8Array): number {
  return (
    (((bytes[0] ?? 0) << 24) | ((bytes[1] ?? 0) << 16) | ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0)) &
    0x3fff_ffff
  );
}

async function resolve(settings: PeerSettings): Promise<string> {
  if (isIP(settings.host) !== 0) return settings.host;
  try {
    const family = settings.adapter === undefined ? 0 : isIP(settings.adapter);
    return (await lookup(settings.host, { family })).address;
  } catch (error) {
    throw socketFailed(`cannot find ${settings.host}`, error);
  }
}

function connect(port: SrtPort, address: string, options: CallOptions): Promise<Connection | undefined> {
  const { settings, signal, events } = options;
  return new Promise((done, fail) => {
    if (signal.aborted) return done(undefined);
    const path = port.pathTo(address, settings.port);
    // An address of IPv6 has many forms: whom a packet is from is told by comparing them as sockets show them.
    const shown = path.peer?.address;
    let connection: Connection | undefined;
    const stop = (): void => {
      endpoint.close();
      done(undefined);
    };
    const parts: CallParts = {
      localId: port.newId(),
      options: settings.options,
      path,
      random,
      peerIp: path.peerIp,
      initialSequence: options.initialSequence ?? idFrom(random(4)),
      group: options.group,
      onEarly: (packet, length, nowUs) => connection?.receive(packet, length, nowUs),
      events: {
        onFailed: (rejection) => {
          signal.removeEventListener("abort", stop);
          port.remove(endpoint.localId);
          fail(connectionRefused(rejection));
        },
        onAgreed: (agreement, nowUs) => {
          signal.removeEventListener("abort", stop);
          const repeat = endpoint instanceof Rendezvous ? endpoint : undefined;
          const made = new Connection(
            {
              agreement: options.fit?.(agreement) ?? agreement,
              options: settings.options,
              path,
              events: eventsOf(events),
              ...(options.joinPoint === undefined ? {} : { joinPoint: options.joinPoint }),
              ...(repeat === undefined
                ? {}
                : {
                    onHandshake: (packet: Uint8Array, length: number, atUs: number) =>
                      repeat.repeat(packet, length, atUs),
                  }),
            },
            nowUs,
          );
          connection = made;
          port.add(made, address, settings.port);
          done(made);
        },
      },
    };
    const endpoint =
      settings.mode === "rendezvous" ? new Rendezvous(parts, port.nowUs) : new Caller(parts, port.nowUs);
    if (endpoint instanceof Rendezvous) {
      // The peer does not know our socket ID before it heard us.
      port.onStranger = (packet, length, from, nowUs) => {
        if (from.address === shown && from.port === settings.port) endpoint.receive(packet, length, nowUs);
      };
    }
    signal.addEventListener("abort", stop, { once: true });
    port.add(endpoint, address, settings.port);
  });
}
