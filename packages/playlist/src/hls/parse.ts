import type { PlaylistProblem } from "../errors.ts";
import { kindOf, splitLines } from "./lines.ts";
import type { MediaPlaylist } from "./media-playlist.ts";
import type { MultivariantPlaylist } from "./multivariant-playlist.ts";
import { parseMediaPlaylist } from "./parse-media.ts";
import { parseMultivariantPlaylist } from "./parse-multivariant.ts";

/** One of the two kinds, by what stands in the text. */
export type ParsedPlaylist =
  | { readonly kind: "media"; readonly playlist: MediaPlaylist }
  | { readonly kind: "multivariant"; readonly playlist: MultivariantPlaylist };

/** Reads a playlist of either kind. Throws `playlist.not-hls` where there is no `#EXTM3U`. */
export function parsePlaylist(text: string, problems?: PlaylistProblem[]): ParsedPlaylist {
  if (kindOf(splitLines(text, () => {})) === "media")
    return { kind: "media", playlist: parseMediaPlaylist(text, problems) };
  return { kind: "multivariant", playlist: parseMultivariantPlaylist(text, problems) };
}
