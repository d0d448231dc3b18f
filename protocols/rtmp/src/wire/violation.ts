import { MillraceError } from "@millrace/model";

/** What can be wrong with the bytes of a connection. */
export type WireViolationCode =
  | "rtmp.bad-version"
  | "rtmp.encrypted"
  | "rtmp.bad-chunk"
  | "rtmp.bad-chunk-size"
  | "rtmp.too-many-chunk-streams"
  | "rtmp.message-too-large"
  | "rtmp.too-much-pending"
  | "rtmp.bad-control";

/** The peer sent bytes that break the format: the session ends. */
export class WireViolation extends MillraceError {
  declare readonly code: WireViolationCode;

  constructor(code: WireViolationCode, message: string) {
    super(code, message);
    this.name = "WireViolation";
  }
}
