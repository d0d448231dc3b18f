import type { AudioFormat, Codec, TrackKind, VideoFormat } from "@millrace/model";
import { FULL_BOX_BYTES } from "../boxes.ts";

/** What a sample entry says of a track. */
export interface EntryDetails {
  readonly kind: TrackKind;
  readonly codec: Codec;
  readonly config?: Uint8Array;
  readonly codecString?: string;
  readonly video?: VideoFormat;
  readonly audio?: AudioFormat;
  /** Bytes of the length before NAL units; 0 for other codecs. */
  readonly lengthSize: number;
  /** The sets of the NAL unit codecs as stored; for reading samples. */
  readonly record?: Uint8Array;
  /** Headers that belong in front of key frames where these have none: MPEG-4 part 2, MPEG-1/2 video. */
  readonly prefix?: Uint8Array;
}

/** Why a track cannot be read. */
export type Unreadable = "codec" | "encrypted" | "config";

/** A sample entry taken apart: the codecs read what is theirs. */
export interface Entry {
  readonly type: string;
  /** Payload of a box in the entry; undefined where there is none. Views. */
  payload(type: string): Uint8Array | undefined;
}

/** The payload of a FullBox in an entry, behind version and flags. */
export function fullPayload(entry: Entry, type: string): Uint8Array | undefined {
  return entry.payload(type)?.subarray(FULL_BOX_BYTES);
}
