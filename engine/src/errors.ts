import { MillraceError, type RefusalReason } from "@millrace/model";

/** A request that cannot be served; `code` is the reason, as protocols map it to their own answers. */
export function refusal(reason: RefusalReason, message: string): MillraceError {
  return new MillraceError(reason, message);
}

/** An input or push URL that a protocol cannot use. */
export function badUrl(url: string, why: string): MillraceError {
  return new MillraceError("bad-url", `${why}: ${url}`);
}

/** Text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The code of a `MillraceError`, or of a system error. */
export function codeOf(error: unknown): string | undefined {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return undefined;
}

const REASONS: ReadonlySet<string> = new Set([
  "bad-request",
  "not-found",
  "forbidden",
  "unauthorized",
  "busy",
  "unavailable",
]);

/** The refusal that an error stands for; `unavailable` for everything unexpected. */
export function reasonOf(error: unknown): RefusalReason {
  const code = codeOf(error);
  return code !== undefined && REASONS.has(code) ? (code as RefusalReason) : "unavailable";
}
