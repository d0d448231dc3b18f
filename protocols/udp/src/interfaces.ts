import { isIP } from "node:net";
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import { noInterface } from "./errors.ts";

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** The name of an interface that is given by name or by one of its addresses. Throws `udp.no-interface` for an address of none. */
export function interfaceName(wanted: string, interfaces: Interfaces = networkInterfaces()): string {
  if (isIP(wanted) === 0) return wanted;
  for (const [name, addresses] of Object.entries(interfaces))
    if (addresses?.some((it) => it.address === wanted) === true) return name;
  throw noInterface(wanted);
}
