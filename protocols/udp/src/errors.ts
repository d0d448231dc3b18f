import { inWords } from "@millrace/engine";
import { MillraceError } from "@millrace/model";

/** No network interface of this machine has the name or address. */
export function noInterface(name: string): MillraceError {
  return new MillraceError(
    "udp.no-interface",
    `no network interface "${name}", or it lacks this kind of address`,
  );
}

const HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program or stream receives on this address and port",
  EADDRNOTAVAIL: "this machine does not have the address",
  EACCES: "not allowed to use this address or port",
  ENODEV: "no interface for multicast: say which with interface=",
  ENETUNREACH: "no route to the address: say which interface to use with interface=",
};

/** A socket could not be set up, or failed. */
export function socketFailed(what: string, cause: unknown): MillraceError {
  return new MillraceError("udp.socket", `${what}: ${inWords(cause, HINTS)}`, { cause });
}

/** No datagram came for as long as `timeout` allows. */
export function silent(timeoutMs: number): MillraceError {
  return new MillraceError("udp.timeout", `no datagram for ${timeoutMs / 1000} s`);
}
