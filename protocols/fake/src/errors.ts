import { MillraceError } from "@millrace/model";

/** The encoder process ended by itself. */
export function encoderDied(how: string, lastWords: string): MillraceError {
  const said = lastWords === "" ? "" : `: ${lastWords}`;
  return new MillraceError("encoder-died", `the encoder process ended (${how})${said}`);
}

/** The pre-encoded loop is missing or is no transport stream. */
export function badLoop(why: string, cause?: unknown): MillraceError {
  return new MillraceError("bad-loop", `pre-encoded clock: ${why}`, { kind: "bug", cause });
}

/** A call of FFmpeg failed; `code` is its AVERROR. */
export function encoderFailed(call: string, code: number): MillraceError {
  return new MillraceError("encoder-failed", `${call} failed with code ${code}`, { kind: "bug" });
}
