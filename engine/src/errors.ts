import { MillraceError, type RefusalReason } from "@millrace/model";

/** A request that cannot be served; `code` is the reason, as protocols map it to their own answers. */
export function refusal(reason: RefusalReason, message: string): MillraceError {
  return new MillraceError(reason, message);
}

/** The URL of an input or push, or an option of it, makes no sense. */
export function badUrl(url: string, why: string): MillraceError {
  return new MillraceError("bad-url", `${url}: ${why}`);
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

/** Why something failed: by its code where there is a hint for that, else in its own words. */
export function inWords(cause: unknown, hints: Readonly<Record<string, string>>): string {
  return hints[codeOf(cause) ?? ""] ?? messageOf(cause);
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
