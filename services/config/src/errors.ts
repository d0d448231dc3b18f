import { MillraceError } from "@millrace/model";

/** What this service throws; mistakes in the file itself are never thrown but returned as `Problem`s. */
export type ConfigErrorCode =
  /** A file cannot be read or written. */
  | "config-unreadable"
  | "config-unwritable"
  /** A change names a stream or option that is not there, or its text is not valid configuration. */
  | "config-edit";

/** A `MillraceError` with one of this service's codes. */
export function configError(code: ConfigErrorCode, message: string, cause?: unknown): MillraceError {
  return new MillraceError(code, message, cause === undefined ? {} : { cause });
}
