import { id3Length, sniffPackedAudio } from "@millrace/codec";
import { SYNC_BYTE } from "@millrace/mpegts";
import { unsupported } from "./errors.ts";
import type { LoadedPiece } from "./piece.ts";

/** What segments are made of (RFC 8216 §3). */
export type SegmentFormat = "ts" | "fmp4" | "audio";

const BOXES = new Set(["ftyp", "styp", "moof", "moov", "sidx", "emsg", "prft", "mdat", "free"]);

/** The format of a segment by its first bytes. Throws `hls.unsupported` for subtitles. */
export function formatOf({ bytes, init }: LoadedPiece): SegmentFormat {
  if (bytes[0] === SYNC_BYTE) return "ts";
  const head = String.fromCharCode(...bytes.subarray(0, 8));
  if (head.replace(/^\u00ef\u00bb\u00bf/, "").startsWith("WEBVTT"))
    throw unsupported("the playlist has subtitles only");
  if (BOXES.has(head.slice(4)) || isMovie(init?.bytes)) return "fmp4";
  const tag = Math.max(id3Length(bytes, 0), 0);
  // Behind a tag there may be a transport stream as well.
  if (bytes[tag] !== SYNC_BYTE && sniffPackedAudio(bytes, tag) !== undefined) return "audio";
  return "ts";
}

function isMovie(init: Uint8Array | undefined): boolean {
  return init !== undefined && BOXES.has(String.fromCharCode(...init.subarray(4, 8)));
}
