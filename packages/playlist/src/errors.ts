import { MillraceError } from "@millrace/model";

/** Codes of the errors this package throws. */
export type PlaylistErrorCode =
  | "playlist.not-hls"
  | "playlist.not-xml"
  | "playlist.not-mpd"
  | "playlist.not-smooth"
  | "playlist.bad-value"
  | "playlist.bad-variable"
  | "playlist.bad-directive"
  | "playlist.bad-template"
  | "playlist.too-large";

/**
 * `playlist.not-hls`: the text is no playlist at all (RFC 8216 §4.3.1.1), or is of the other kind than asked for.
 * `playlist.not-xml`: a manifest is no well-formed XML, or has a DTD.
 * `playlist.not-mpd`, `playlist.not-smooth`: it is XML, but not of that kind.
 * `playlist.bad-variable`: a variable of EXT-X-DEFINE has no value (rfc8216bis §4.4.2.3).
 * `playlist.bad-directive`: query parameters that a server answers with 400 (rfc8216bis §6.2.5.2).
 * `playlist.bad-template`: a URL template of DASH that cannot be filled in (ISO/IEC 23009-1 §5.3.9.4.4).
 * `playlist.too-large`: a foreign manifest asks for more than the limits allow.
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
