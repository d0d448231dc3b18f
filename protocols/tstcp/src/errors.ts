import { MillraceError } from "@millrace/model";

/** The URL or an option of it makes no sense. */
export function badUrl(url: string, why: string): MillraceError {
  return new MillraceError("bad-url", `${url}: ${why}`);
}

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
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const reason = HINTS[code] ?? (cause instanceof Error ? cause.message : String(cause));
  return new MillraceError("tstcp.connection", `${what}: ${reason}`, { cause });
}

/** The connection was not made, or nothing came over it, in the time allowed. */
export function timedOut(what: string, timeoutMs: number): MillraceError {
  return new MillraceError("tstcp.timeout", `${what} within ${timeoutMs / 1000} s`);
}
