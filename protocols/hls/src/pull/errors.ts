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
  return new MillraceError("hls.connection", `${what}: ${reason}`, { cause });
}

/** Something took longer than is allowed. */
export function timedOut(what: string, timeoutMs: number): MillraceError {
  return new MillraceError("hls.timeout", `${what} within ${timeoutMs / 1000} s`);
}

/** The server answered with something that is of no use. */
export function badAnswer(what: string): MillraceError {
  return new MillraceError("hls.answer", what);
}

/** The server answered with a status other than success. */
export class BadStatus extends MillraceError {
  readonly status: number;

  constructor(url: string, status: number, text: string) {
    super("hls.answer", `${url}: the server answered ${status} ${text}`.trimEnd());
    this.status = status;
  }
}

/** Something is larger than it may be. */
export function tooLarge(what: string, maxBytes: number): MillraceError {
  return new MillraceError("hls.too-large", `${what} is larger than ${maxBytes / 2 ** 20} MiB`);
}

/** The playlist stays as it is. */
export function stalled(seconds: number): MillraceError {
  return new MillraceError("hls.stalled", `the playlist has not changed for ${seconds} s`);
}

/** Media that cannot be decrypted here. */
export function cannotDecrypt(why: string): MillraceError {
  return new MillraceError("hls.encrypted", why);
}

/** The playlist, or the media, is of a kind that cannot be played here. */
export function unsupported(why: string): MillraceError {
  return new MillraceError("hls.unsupported", why);
}

/** One segment after the other cannot be had. */
export function segmentsLost(count: number, cause: unknown): MillraceError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MillraceError("hls.segments", `${count} segments in a row cannot be had: ${why}`, { cause });
}
