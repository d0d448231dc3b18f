import { inWords } from "@millrace/engine";
import { MillraceError } from "@millrace/model";

const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there",
  ECONNRESET: "the other side broke the connection",
  ENOTFOUND: "the host name is unknown",
  EADDRINUSE: "another program listens on this port",
  EADDRNOTAVAIL: "this machine does not have the address",
  EACCES: "not allowed to use this port",
  ETIMEDOUT: "no answer",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
};

/** Connecting, listening or receiving failed. */
export function connectionFailed(what: string, cause: unknown): MillraceError {
  return new MillraceError("tstcp.connection", `${what}: ${inWords(cause, HINTS)}`, { cause });
}

/** The connection was not made, or nothing came over it, in the time allowed. */
export function timedOut(what: string, timeoutMs: number): MillraceError {
  return new MillraceError("tstcp.timeout", `${what} within ${timeoutMs / 1000} s`);
}
