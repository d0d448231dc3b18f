import { getSystemErrorName } from "node:util";

/** What the most frequent refusals of the system mean here. */
const MEANINGS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another socket has this address and port",
  EADDRNOTAVAIL: "this machine does not have the address",
  EACCES: "not allowed to use this address or port",
  EPERM: "not allowed",
  ENODEV: "there is no such network interface, or none for this address",
  EINVAL: "the system refuses these values",
  ENETUNREACH: "no route to the address",
  EHOSTUNREACH: "the host cannot be reached",
  ECONNREFUSED: "nobody listens on the port",
  EAFNOSUPPORT: "the address is not of the socket's family, or the machine lacks that family",
  EMSGSIZE: "the datagram is too long",
  EBADF: "the socket is closed",
  ENOTSUP: "node:dgram cannot do this: it takes the native addon",
};

/**
 * A UDP socket failed, or was asked for something impossible. `code` is the system's name for it (`EADDRINUSE`…), the
 * same with both implementations; `syscall` what was being done.
 */
export class UdpError extends Error {
  readonly code: string;
  readonly syscall: string;

  constructor(syscall: string, code: string, what: string, cause?: unknown) {
    super(`${what}: ${MEANINGS[code] ?? code} (${code})`, cause === undefined ? undefined : { cause });
    this.name = "UdpError";
    this.code = code;
    this.syscall = syscall;
  }
}

/** The error for a positive errno of Linux. */
export function systemError(syscall: string, errno: number, what: string): UdpError {
  return new UdpError(syscall, getSystemErrorName(-errno), what);
}

/** Whatever was thrown or emitted, as a `UdpError`. */
export function asUdpError(syscall: string, error: unknown, what: string): UdpError {
  if (error instanceof UdpError) return error;
  const named = error instanceof Error && "code" in error ? String(error.code) : "";
  return new UdpError(syscall, SOCKET_CODES[named] ?? (named === "" ? "EIO" : named), what, error);
}

/** Node's own codes, and what the system calls the same thing. */
const SOCKET_CODES: Readonly<Record<string, string>> = {
  ERR_SOCKET_DGRAM_NOT_RUNNING: "EBADF",
  ERR_SOCKET_BAD_PORT: "EINVAL",
};
