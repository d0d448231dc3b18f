import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { asUdpError } from "./errors.ts";
import type { UdpClock, UdpMulticastOptions, UdpOptions } from "./options.ts";

/** `UdpOptions` with names looked up and defaults filled in. */
export interface ResolvedOptions {
  readonly family: 4 | 6;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number;
  readonly ipv6Only: boolean;
  readonly reuseAddress: boolean;
  readonly reusePort: boolean;
  readonly receiveBufferBytes: number | undefined;
  readonly sendBufferBytes: number | undefined;
  readonly ttl: number | undefined;
  readonly trafficClass: number | undefined;
  readonly device: string | undefined;
  readonly multicast: UdpMulticastOptions;
  readonly coalesce: boolean;
  readonly segment: boolean;
  readonly clock: UdpClock;
}

const processClock: UdpClock = { nowNs: () => performance.now() * 1e6 };

/** Rejects with `UdpError` ENOTFOUND or what else the look-up of a name says. */
export async function resolveOptions(options: UdpOptions): Promise<ResolvedOptions> {
  const { local, remote } = options;
  const wanted = options.family ?? familyOf(local?.host) ?? familyOf(remote?.host);
  const localAddress = local?.host === undefined ? undefined : await addressOf(local.host, wanted);
  const remoteAddress =
    remote === undefined ? undefined : await addressOf(remote.host, wanted ?? familyOf(localAddress));
  const family = wanted ?? familyOf(localAddress) ?? familyOf(remoteAddress) ?? 4;
  return {
    family,
    localAddress: localAddress ?? (family === 6 ? "::" : "0.0.0.0"),
    localPort: local?.port ?? 0,
    remoteAddress,
    remotePort: remote?.port ?? 0,
    ipv6Only: options.ipv6Only ?? false,
    reuseAddress: options.reuseAddress ?? false,
    reusePort: options.reusePort ?? false,
    receiveBufferBytes: options.receiveBufferBytes,
    sendBufferBytes: options.sendBufferBytes,
    ttl: options.ttl,
    trafficClass: options.trafficClass,
    device: options.device,
    multicast: options.multicast ?? {},
    coalesce: options.coalesce ?? true,
    segment: options.segment ?? true,
    clock: options.clock ?? processClock,
  };
}

function familyOf(host: string | undefined): 4 | 6 | undefined {
  const family = host === undefined ? 0 : isIP(host.replace(/%.*$/, ""));
  return family === 4 || family === 6 ? family : undefined;
}

async function addressOf(host: string, family: 4 | 6 | undefined): Promise<string> {
  if (familyOf(host) !== undefined) return host;
  try {
    return (await lookup(host, { family: family ?? 0 })).address;
  } catch (error) {
    throw asUdpError("lookup", error, `cannot find ${host}`);
  }
}
