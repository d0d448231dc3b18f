import { MillraceError } from "@millrace/model";

/** Thrown by constructors only: nothing in a stream makes a pacer throw. */
export type PacingErrorCode = "pacing.bad-rate" | "pacing.bad-interval";

export function pacingError(code: PacingErrorCode, message: string): MillraceError {
  return new MillraceError(code, message, { kind: "bug" });
}
