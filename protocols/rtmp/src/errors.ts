import { MillraceError } from "@millrace/model";

/** The peer's commands break the protocol, or a bound of ours. */
export function badCommand(reason: string, cause?: unknown): MillraceError {
  return new MillraceError("rtmp.bad-command", reason, { cause });
}

export function badUrl(url: string, reason: string): MillraceError {
  return new MillraceError("bad-url", `${url}: ${reason}`);
}

/** The peer did not do in time what comes next, or is silent. */
export function timedOut(what: string): MillraceError {
  return new MillraceError("rtmp.timeout", what);
}

/** The server refused to connect, to publish or to play; `code` is the one of its answer. */
export function refused(code: string, description: string): MillraceError {
  return new MillraceError("rtmp.refused", description === "" ? code : `${code}: ${description}`);
}

/** The server wants a name and password, or does not like those it got. */
export function unauthorized(reason: string): MillraceError {
  return new MillraceError("rtmp.unauthorized", reason);
}

/** The stream that was played has ended; `code` is that of the server's message. */
export function streamEnded(code: string): MillraceError {
  return new MillraceError("rtmp.ended", `the server ended the stream: ${code}`);
}

/** What Node calls certificates that it does not trust. */
const CERTIFICATE_CODE = /CERT|UNABLE_TO_VERIFY/;

/** The connection was not made, or broke. */
export function connectionFailed(where: string, cause: unknown): MillraceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const hint = CERTIFICATE_CODE.test(code) ? " (the option insecure takes any certificate)" : "";
  return new MillraceError("rtmp.connection", `${where}: ${reason}${hint}`, { cause });
}

/** Server after server sends the client to another one. */
export function sentOnAndOn(where: string): MillraceError {
  return new MillraceError("rtmp.reconnect", `${where}: sent on from server to server too often`);
}
