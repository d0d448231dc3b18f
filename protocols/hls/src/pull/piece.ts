import type { ByteRange, SegmentKey, SegmentMap } from "@millrace/playlist";

/** What is to be fetched next: a segment, or a part of one. */
export interface Piece {
  /** As in the playlist. */
  readonly uri: string;
  readonly byteRange: ByteRange | undefined;
  readonly durationUs: number;
  /** Media Sequence Number. */
  readonly sequence: number;
  /** From 0; undefined for a whole segment. */
  readonly part: number | undefined;
  readonly keys: readonly SegmentKey[] | undefined;
  readonly map: SegmentMap | undefined;
  /** The timeline or the format broke before it. */
  readonly discontinuity: boolean;
  /** Counts the breaks: the same number in all renditions means the same timeline (RFC 8216 §6.2.4). */
  readonly period: number;
  /** It is missing and must not be fetched (EXT-X-GAP). */
  readonly gap: boolean;
}

/** Initialization section of fragmented MP4 or of a transport stream (RFC 8216 §3). */
export interface InitSection {
  readonly bytes: Uint8Array;
}

/** A piece with its bytes, decrypted. */
export interface LoadedPiece {
  readonly piece: Piece;
  readonly bytes: Uint8Array;
  /** The same object as long as the section stays the same. */
  readonly init: InitSection | undefined;
}
