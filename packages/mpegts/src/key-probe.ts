import type { VideoCodec } from "@millrace/model";

/** Nothing seen yet that decides. */
export const PROBE_OPEN = 0;
/** A decoder can start at this access unit. */
export const PROBE_KEY = 1;
export const PROBE_NOT_KEY = 2;
/** Parameter sets are there, as only before key frames in most streams; the first slice will tell. */
export const PROBE_LIKELY = 3;

const IDLE = 0;
const SEI_TYPE = 1;
const SEI_SIZE = 2;
const SEI_BODY = 3;
const SLICE = 4;
/** The second byte of an H.265 slice's NAL unit header comes next. */
const SLICE_HEADER = 5;

/**
 * Looks into the first bytes of an access unit, given in pieces as the packets bring them, and tells whether it is a key
 * frame. A byte machine without lookahead: a few hundred bytes per frame pass through it.
 */
export class KeyProbe {
  #codec: VideoCodec = "h264";
  #window = 0xffffffff | 0;
  #state = IDLE;
  #seiType = 0;
  #seiLeft = 0;
  #parameterSets = false;
  /** An intra slice is enough: the transport marks a random access point. */
  #hinted = false;

  /** Starts on a new access unit. `hinted`: it has random_access_indicator. */
  begin(codec: VideoCodec, hinted: boolean): void {
    this.#codec = codec;
    this.#hinted = hinted;
    this.#window = 0xffffffff | 0;
    this.#state = IDLE;
    this.#parameterSets = false;
  }

  /** Looks at `buf[from, to)`. Returns `PROBE_*`; after anything but `PROBE_OPEN` and `PROBE_LIKELY` it has decided. */
  feed(buf: Uint8Array, from: number, to: number): number {
    for (let i = from; i < to; i++) {
      const byte = buf[i] as number;
      const window = (this.#window << 8) | byte;
      this.#window = window;
      let verdict = PROBE_OPEN;
      if (window >>> 8 === 1) verdict = this.#unit(byte);
      else if (this.#state !== IDLE && (window & 0xffffff) !== 3) verdict = this.#inside(byte);
      if (verdict !== PROBE_OPEN) return verdict;
    }
    return this.#parameterSets ? PROBE_LIKELY : PROBE_OPEN;
  }

  /** The byte after a start code. */
  #unit(byte: number): number {
    this.#state = IDLE;
    switch (this.#codec) {
      case "h264":
        return this.#h264Unit(byte & 0x1f);
      case "h265":
        return this.#h265Unit((byte >> 1) & 0x3f);
      case "mpeg1video":
      case "mpeg2video":
        // sequence_header_code or group_start_code (ISO/IEC 13818-2 §6.2); picture_start_code without one
        if (byte === 0xb3 || byte === 0xb8) return PROBE_KEY;
        return byte === 0x00 ? PROBE_NOT_KEY : PROBE_OPEN;
      case "mpeg4":
        if (byte === 0xb6) this.#state = SLICE;
        return PROBE_OPEN;
      default:
        return PROBE_NOT_KEY;
    }
  }

  #h264Unit(type: number): number {
    if (type === 5) return PROBE_KEY;
    if (type === 7) this.#parameterSets = true;
    if (type === 6) this.#state = SEI_TYPE;
    this.#seiType = 0;
    this.#seiLeft = 0;
    if (type === 1 || type === 2) this.#state = SLICE;
    return PROBE_OPEN;
  }

  #h265Unit(type: number): number {
    // ITU-T H.265 table 7-1: 16…23 are IRAP, below 16 other slices, 32…34 parameter sets
    if (type >= 16 && type <= 23) return PROBE_KEY;
    if (type < 16) this.#state = SLICE_HEADER;
    if (type === 32 || type === 33) this.#parameterSets = true;
    return PROBE_OPEN;
  }

  /** A byte inside an SEI message or a slice header. */
  #inside(byte: number): number {
    switch (this.#state) {
      case SEI_TYPE:
        if (byte === 0x80)
          this.#state = IDLE; // rbsp_trailing_bits
        else if (byte === 0xff) this.#seiType += 255;
        else {
          this.#seiType += byte;
          this.#state = SEI_SIZE;
          if (this.#seiType === 6) return PROBE_KEY; // recovery_point (ITU-T H.264 §D.1.8)
        }
        return PROBE_OPEN;
      case SEI_SIZE:
        this.#seiLeft += byte;
        if (byte !== 0xff) this.#nextSei();
        return PROBE_OPEN;
      case SEI_BODY:
        this.#seiLeft--;
        this.#nextSei();
        return PROBE_OPEN;
      case SLICE_HEADER:
        this.#state = SLICE;
        return PROBE_OPEN;
      default:
        this.#state = IDLE;
        return this.#slice(byte);
    }
  }

  #nextSei(): void {
    this.#state = this.#seiLeft > 0 ? SEI_BODY : SEI_TYPE;
    if (this.#seiLeft <= 0) this.#seiType = 0;
  }

  /** First byte of a slice header, or of an MPEG-4 VOP. */
  #slice(byte: number): number {
    if (this.#codec === "mpeg4") return byte >> 6 === 0 ? PROBE_KEY : PROBE_NOT_KEY;
    // A slice that is not the picture's first (first_mb_in_slice above 0, first_slice_segment_in_pic_flag 0) belongs to
    // the access unit before: this PES packet begins with its rest.
    if (byte < 0x80) return PROBE_OPEN;
    if (this.#codec === "h265" || !(this.#parameterSets || this.#hinted)) return PROBE_NOT_KEY;
    // ue(v) 0 is first_mb_in_slice, then slice_type 2 ("011") or 7 ("0001000"): I
    return byte >> 4 === 0xb || byte === 0x88 ? PROBE_KEY : PROBE_NOT_KEY;
  }
}
