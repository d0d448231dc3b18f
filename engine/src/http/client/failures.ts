import { MillraceError } from "@millrace/model";
import { inWords } from "../../errors.ts";

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

/** How an input that asks HTTP servers fails. `what` is the server, or what it did. */
export interface HttpFailures {
  /** Connecting or receiving failed: `PREFIX.connection`. */
  readonly connectionFailed: (what: string, cause: unknown) => MillraceError;
  /** Something took longer than is allowed: `PREFIX.timeout`. */
  readonly timedOut: (what: string, timeoutMs: number) => MillraceError;
  /** The server answered with something that is of no use: `PREFIX.answer`. */
  readonly badAnswer: (what: string) => MillraceError;
}

/** The errors of one protocol; `prefix` begins their codes. */
export function httpFailures(prefix: string): HttpFailures {
  return {
    connectionFailed: (what, cause) =>
      new MillraceError(`${prefix}.connection`, `${what}: ${inWords(cause, HINTS)}`, { cause }),
    timedOut: (what, timeoutMs) =>
      new MillraceError(`${prefix}.timeout`, `${what} within ${timeoutMs / 1000} s`),
    badAnswer: (what) => new MillraceError(`${prefix}.answer`, what),
  };
}
