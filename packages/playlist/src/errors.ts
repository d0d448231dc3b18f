import { MillraceError } from "@millrace/model";

/** Codes of the errors this package throws. */
export type PlaylistErrorCode = "playlist.not-hls" | "playlist.bad-value";

/**
 * `playlist.not-hls`: the text is no playlist at all (RFC 8216 §4.3.1.1), or is of the other kind than asked for.
 * `playlist.bad-value`: a value handed to a writer cannot be written (RFC 8216 §4.2).
 */
export class PlaylistError extends MillraceError {
  constructor(code: PlaylistErrorCode, message: string) {
    super(code, message, { kind: code === "playlist.bad-value" ? "bug" : "violation" });
    this.name = "PlaylistError";
  }
}

/** Something in a playlist that breaks the standard and was passed over or repaired. */
export interface PlaylistProblem {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}
