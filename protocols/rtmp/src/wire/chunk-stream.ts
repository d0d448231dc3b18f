const EMPTY = new Uint8Array(0);

/** A message of up to this length gets its memory at once, a longer one as its bytes arrive. */
const EAGER_BYTES = 65_536;
/** Copying fewer bytes than this one by one is quicker than making a view of them. */
const LOOP_BYTES = 96;

/** What is remembered of one chunk stream: its last header, and the message under way (RTMP 1.0 §5.3.1). */
export class ChunkStream {
  readonly csid: number;
  /** A fmt 0 or 1 header came: there is something that fmt 2 and 3 can refer to. */
  known = false;
  lengthBytes = 0;
  type = 0;
  streamId = 0;
  /** The 32 bits of the last header with a time in it, absolute (fmt 0) or a difference, milliseconds. */
  timeField = 0;
  /** The last header's time lay in the extended field: fmt 3 chunks repeat it. */
  extended = false;
  /** Unwrapped time of the message under way, or of the last one. */
  timestampMs = 0;
  /** A message is under way. */
  open = false;
  payload: Uint8Array = EMPTY;
  filledBytes = 0;

  constructor(csid: number) {
    this.csid = csid;
  }

  /** Bytes of memory that the next `count` bytes of the message need, over what it has. */
  growthFor(count: number): number {
    const needed = this.filledBytes + count;
    const have = this.payload.length;
    if (needed <= have) return 0;
    return Math.min(this.lengthBytes, Math.max(needed, EAGER_BYTES, 4 * have)) - have;
  }

  grow(byBytes: number): void {
    const larger = new Uint8Array(this.payload.length + byBytes);
    if (this.filledBytes > 0) larger.set(this.payload.subarray(0, this.filledBytes));
    this.payload = larger;
  }

  append(bytes: Uint8Array, at: number, count: number): void {
    const { payload, filledBytes } = this;
    if (count < LOOP_BYTES) {
      for (let i = 0; i < count; i++) payload[filledBytes + i] = bytes[at + i] as number;
    } else if (count === bytes.length) {
      payload.set(bytes, filledBytes);
    } else {
      payload.set(bytes.subarray(at, at + count), filledBytes);
    }
    this.filledBytes += count;
  }

  /** Takes the message away, whole or not. */
  take(): Uint8Array {
    const { payload } = this;
    this.payload = EMPTY;
    this.filledBytes = 0;
    this.open = false;
    return payload;
  }
}
