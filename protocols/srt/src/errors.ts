import { MillraceError } from "@millrace/model";
import { describeRejection } from "./wire/rejection.ts";

export function badUrl(url: string, reason: string): MillraceError {
  return new MillraceError("bad-url", `${url.replace(/([?&]passphrase=)[^&]*/gi, "$1***")}: ${reason}`);
}

export function socketFailed(what: string, cause: unknown): MillraceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MillraceError("srt.socket", `${what}: ${reason}`, { cause });
}

/** The system's own words say which one, and why. */
export function socketNotOpened(cause: unknown): MillraceError {
  return new MillraceError("srt.socket", cause instanceof Error ? cause.message : String(cause), { cause });
}

/** The peer, or we, refused the connection. */
export function connectionRefused(rejection: number): MillraceError {
  return new MillraceError(
    "srt.refused",
    `connection refused: ${describeRejection(rejection)} (${rejection})`,
  );
}

export function connectionLost(reason: string): MillraceError {
  return new MillraceError("srt.lost", `connection lost: ${reason}`);
}
