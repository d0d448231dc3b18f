import type { AudioFormat, VideoFormat } from "@millrace/model";

/** What the headers of an elementary stream have told so far; goes into its `Track`. */
export interface TrackDetails {
  readonly config?: Uint8Array;
  readonly codecString?: string;
  readonly video?: VideoFormat;
  readonly audio?: AudioFormat;
}

/**
 * Cuts the payload of PES packets into access units. Its `ElementaryStream` collects the bytes and calls it at the borders
 * of PES packets only.
 */
export interface Framer {
  /** A PES packet shorter than it says is of no use. */
  readonly needsWhole: boolean;
  /** A PES packet begins; the bytes of the ones before are in the stream's buffer, its own first bytes are `buf[from, end)`. */
  begin(buf: Uint8Array, from: number, end: number): void;
  /** The PES packet that has been collected is whole, by its length. */
  complete(): void;
  /** Bytes are missing behind what the buffer holds. */
  lose(): void;
  /** The end: what is left in the buffer is all there will be. */
  flush(): void;
  details(): TrackDetails;
}
