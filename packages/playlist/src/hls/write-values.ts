import { PlaylistError } from "../errors.ts";
import type { ByteRange } from "./media-playlist.ts";

export function rangeText(range: ByteRange): string {
  return `${whole(range.length)}@${whole(range.offset)}`;
}

/** A decimal-integer. */
export function whole(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new PlaylistError("playlist.bad-value", `${value} is no decimal-integer`);
  return value;
}

export function oneLine(text: string): string {
  if (/[\r\n]/.test(text)) throw new PlaylistError("playlist.bad-value", "a line end within a line");
  return text;
}

/** A URI that can stand on a line of its own. */
export function checkUri(uri: string): string {
  if (uri === "" || uri !== uri.trim() || uri.startsWith("#") || /[\r\n]/.test(uri))
    throw new PlaylistError("playlist.bad-value", `"${uri}" cannot stand as a URI line`);
  return uri;
}

/** Tags carried through as they are. */
export function pushTags(lines: string[], tags: readonly string[] | undefined): void {
  for (const tag of tags ?? []) {
    if (!tag.startsWith("#EXT")) throw new PlaylistError("playlist.bad-value", `"${tag}" is no tag`);
    lines.push(oneLine(tag));
  }
}
