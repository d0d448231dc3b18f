import { MillraceError } from "@millrace/model";

/** The URL or an option of it makes no sense. */
export function badUrl(url: string, why: string): MillraceError {
  return new MillraceError("bad-url", `${url}: ${why}`);
}

const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there",
  ECONNRESET: "the server broke the connection",
  ENOTFOUND: "the host name is unknown",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the certificate is self-signed: trust it with insecure=true",
  SELF_SIGNED_CERT_IN_CHAIN: "a certificate of the chain is self-signed: trust it with insecure=true",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the certificate cannot be verified: trust it with insecure=true",
  CERT_HAS_EXPIRED: "the certificate has expired: trust it with insecure=true",
  ERR_TLS_CERT_ALTNAME_INVALID: "the certificate is for another host: trust it with insecure=true",
};

/** Connecting or receiving failed. */
export function connectionFailed(what: string, cause: unknown): MillraceError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const reason = HINTS[code] ?? (cause instanceof Error ? cause.message : String(cause));
  return new MillraceError("shout.connection", `${what}: ${reason}`, { cause });
}

/** Something took longer than is allowed. */
export function timedOut(what: string, timeoutMs: number): MillraceError {
  return new MillraceError("shout.timeout", `${what} within ${timeoutMs / 1000} s`);
}

/** The server answered, but not with audio that can be played. */
export function badAnswer(what: string): MillraceError {
  return new MillraceError("shout.answer", what);
}
