import { MillraceError } from "@millrace/model";

/** `analyse.target`: a target that is no file and no URL of a known kind. `analyse.source`: it cannot be read. */
export type AnalyseErrorCode = "analyse.target" | "analyse.source" | "analyse.no-packets";

export function analyseError(code: AnalyseErrorCode, message: string, cause?: unknown): MillraceError {
  return new MillraceError(code, message, cause === undefined ? {} : { cause });
}
