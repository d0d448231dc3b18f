/** A stretch of a resource, in bytes. */
export interface ByteRange {
  readonly length: number;
  readonly offset: number;
}

/** EXT-X-KEY (RFC 8216 §4.3.2.4). A clear segment has no keys; METHOD=NONE is never an element. */
export interface SegmentKey {
  /** `AES-128`, `SAMPLE-AES`, `SAMPLE-AES-CTR`… */
  readonly method: string;
  readonly uri?: string;
  /** `0x` and 32 hexadecimal digits. Absent: the media sequence number is the IV. */
  readonly iv?: string;
  /** `identity` when absent. */
  readonly keyFormat?: string;
  readonly keyFormatVersions?: string;
}

/** KEYFORMAT with its default. */
export function formatOf(key: SegmentKey): string {
  return key.keyFormat ?? "identity";
}

/** EXT-X-MAP (RFC 8216 §4.3.2.5): the initialization section. */
export interface SegmentMap {
  readonly uri: string;
  readonly byteRange?: ByteRange;
  /** The keys that the section itself is encrypted with. */
  readonly keys?: readonly SegmentKey[];
}
