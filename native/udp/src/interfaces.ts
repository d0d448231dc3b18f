import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { UdpError } from "./errors.ts";
import type { Zones } from "./peer.ts";

type Wanted = string | number | undefined;

/** Network interfaces as node:os and `/sys` show them. */
export const systemZones: Zones = {
  indexOf(name) {
    try {
      return Number(readFileSync(`/sys/class/net/${name}/ifindex`, "utf8"));
    } catch {
      // Elsewhere only link-local addresses tell.
      return networkInterfaces()[name]?.find((it) => (it.scopeid ?? 0) !== 0)?.scopeid ?? 0;
    }
  },
  nameOf(index) {
    return Object.keys(networkInterfaces()).find((name) => systemZones.indexOf(name) === index) ?? "";
  },
};

/** The index of an interface given by name, index or one of its addresses; 0 for `undefined`. Throws ENODEV. */
export function interfaceIndex(wanted: Wanted, zones: Zones): number {
  if (wanted === undefined) return 0;
  if (typeof wanted === "number") {
    if (zones.nameOf(wanted) === "") throw noInterface(wanted);
    return wanted;
  }
  const index = zones.indexOf(nameOf(wanted) ?? wanted);
  if (index === 0) throw noInterface(wanted);
  return index;
}

/** An interface as node:dgram wants it: one of its addresses for IPv4, `::%NAME` for IPv6. Throws ENODEV. */
export function interfaceAddress(wanted: Wanted, family: 4 | 6): string | undefined {
  if (wanted === undefined) return undefined;
  const name = typeof wanted === "number" ? systemZones.nameOf(wanted) : (nameOf(wanted) ?? wanted);
  const addresses = networkInterfaces()[name];
  if (addresses === undefined) throw noInterface(wanted);
  if (family === 6) return `::%${name}`;
  const own = addresses.filter((it) => it.family === "IPv4").map((it) => it.address);
  const address = own.find((it) => it === wanted) ?? own[0];
  if (address === undefined) throw noInterface(wanted);
  return address;
}

/** The interface that has an address. */
function nameOf(address: string): string | undefined {
  const interfaces = networkInterfaces();
  return Object.keys(interfaces).find((name) => interfaces[name]?.some((it) => it.address === address));
}

function noInterface(wanted: Wanted): UdpError {
  return new UdpError("interface", "ENODEV", `network interface "${wanted}"`);
}
