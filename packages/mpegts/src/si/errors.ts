import { MillraceError } from "@millrace/model";

/** Codes thrown while tables are built; parsers throw nothing, they return undefined. */
export type SiErrorCode =
  | "si.descriptor-too-long"
  | "si.loop-too-long"
  | "si.section-too-long"
  | "si.not-writable";

export function siError(code: SiErrorCode, message: string): MillraceError {
  return new MillraceError(code, message, { kind: "bug" });
}
