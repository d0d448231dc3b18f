import { PlaylistError, type PlaylistProblem } from "../errors.ts";

/** A line that means something: a tag with its value, or a URI. Comments and blank lines are gone. */
export interface PlaylistLine {
  /** From 1. */
  readonly line: number;
  /** Tag name without `#`; empty for a URI line. */
  readonly tag: string;
  /** Behind the tag's colon, or the URI. */
  readonly value: string;
  /** The whole line, without spaces around it. */
  readonly text: string;
}

/** Collects problems; a parser without a reader of them passes none and pays nothing. */
export type Complain = (line: number, message: string) => void;

/** A `Complain` that fills `problems`. */
export function complainInto(problems: PlaylistProblem[] | undefined): Complain {
  return (line, message) => problems?.push({ line, message });
}

/**
 * The lines of a playlist (RFC 8216 §4.1). A byte order mark, spaces around lines and blank lines before `#EXTM3U` are
 * passed over; without `#EXTM3U` it is no playlist and `playlist.not-hls` is thrown.
 */
export function splitLines(text: string, complain: Complain): PlaylistLine[] {
  const found: PlaylistLine[] = [];
  let headed = false;
  let number = 0;
  for (const raw of text.split(/\r\n|\n|\r/)) {
    number += 1;
    const line = (number === 1 && raw.startsWith("\uFEFF") ? raw.slice(1) : raw).trim();
    if (line === "") continue;
    if (!headed) {
      headed = /^#EXTM3U(?:\s|$)/.test(line);
      if (headed) continue;
      if (!line.startsWith("#") || line.startsWith("#EXT")) break;
      complain(number, "text before #EXTM3U");
      continue;
    }
    if (!line.startsWith("#")) found.push({ line: number, tag: "", value: line, text: line });
    else if (line.startsWith("#EXT")) found.push(tagLine(number, line));
  }
  if (!headed) throw new PlaylistError("playlist.not-hls", "no #EXTM3U: this is no HLS playlist");
  return found;
}

function tagLine(line: number, text: string): PlaylistLine {
  const colon = text.indexOf(":");
  if (colon < 0) return { line, tag: text.slice(1), value: "", text };
  return { line, tag: text.slice(1, colon), value: text.slice(colon + 1).trim(), text };
}

const MULTIVARIANT_TAGS = new Set([
  "EXT-X-STREAM-INF",
  "EXT-X-MEDIA",
  "EXT-X-I-FRAME-STREAM-INF",
  "EXT-X-SESSION-DATA",
  "EXT-X-SESSION-KEY",
  "EXT-X-CONTENT-STEERING",
]);

/** Which of the two it is (RFC 8216 §4.1): any tag of a Multivariant (Master) Playlist makes it one. */
export function kindOf(lines: readonly PlaylistLine[]): "media" | "multivariant" {
  return lines.some((line) => MULTIVARIANT_TAGS.has(line.tag)) ? "multivariant" : "media";
}

/** A decimal-integer (RFC 8216 §4.2), or undefined. */
export function parseInteger(text: string): number | undefined {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : undefined;
  return Number.isSafeInteger(value) ? value : undefined;
}
