import { MillraceError } from "@millrace/model";

/** What can be wrong with a packet. */
export type WireViolationCode =
  | "srt.truncated"
  | "srt.bad-length"
  | "srt.bad-sequence"
  | "srt.bad-text"
  | "srt.bad-key-material"
  | "srt.too-many-extensions";

/** The peer sent a packet that breaks the format. Only parsers of rare packets throw it. */
export class WireViolation extends MillraceError {
  declare readonly code: WireViolationCode;

  constructor(code: WireViolationCode, message: string) {
    super(code, message);
    this.name = "WireViolation";
  }
}
