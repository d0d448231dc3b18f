import { MillraceError } from "@millrace/model";

/** Codes of errors thrown here. Readers never throw on input: they read zeros past the end and set `overrun`. */
export type BytesErrorCode = "bytes.hex" | "bytes.width";

/** A misuse of this package by its caller. */
export function bytesError(code: BytesErrorCode, message: string): MillraceError {
  return new MillraceError(code, message, { kind: "bug" });
}
