import { MillraceError } from "@millrace/model";

/** Codes thrown by the multiplexer's options. */
export type MuxErrorCode = "mux.pid" | "mux.pids-collide";

export function muxError(code: MuxErrorCode, message: string): MillraceError {
  return new MillraceError(code, message);
}
