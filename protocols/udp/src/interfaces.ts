import { isIP } from "node:net";
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import { noInterface } from "./errors.ts";

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/**
 * An interface, given by name or by one of its addresses, as the system wants it for multicast: its address for IPv4,
 * `::%NAME` for IPv6. Throws `udp.no-interface`.
 */
export function resolveInterface(
  name: string,
  family: 4 | 6,
  interfaces: Interfaces = networkInterfaces(),
): string {
  const wanted = `IPv${family}`;
  for (const [device, addresses = []] of Object.entries(interfaces)) {
    const named = device === name;
    const found = addresses.find((it) => it.family === wanted && (named || it.address === name));
    if (found === undefined) continue;
    return family === 4 ? found.address : `::%${device}`;
  }
  // Of IPv6 an interface may have an IPv4 address to be named by.
  const device = isIP(name) === 0 ? undefined : deviceOf(name, interfaces);
  if (device !== undefined) return resolveInterface(device, family, interfaces);
  throw noInterface(name, family);
}

function deviceOf(address: string, interfaces: Interfaces): string | undefined {
  return Object.keys(interfaces).find((name) => interfaces[name]?.some((it) => it.address === address));
}
