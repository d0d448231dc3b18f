import { equalBytes } from "@millrace/bytes";
import {
  inspectMpeg2,
  MPEG2_START,
  type NalList,
  type PictureInfo,
  parseMpeg2Sequence,
} from "@millrace/codec";
import type { VideoFormat } from "@millrace/model";
import type { TrackDetails } from "./framer.ts";
import type { VideoSyntax } from "./video-framer.ts";

/** picture_structure of a frame picture; 1 and 2 are fields (ISO/IEC 13818-2 table 6-14). */
const FRAME_PICTURE = 3;
/** Bytes of a sequence header with its extensions that are compared to notice a change. */
const SEQUENCE_BYTES = 160;

/** MPEG-1 and MPEG-2 video. An access unit is a picture (both fields of it) with the headers before it. */
export class Mpeg2Syntax implements VideoSyntax {
  readonly keepsZeros = true;
  version = 0;
  /** Field pictures need a picture coding extension, so look wherever the sequence is not progressive. */
  fields = true;
  #format: VideoFormat | undefined;
  #sequence = new Uint8Array(0);

  beginsUnit(buf: Uint8Array, at: number): boolean {
    const code = buf[at] as number;
    return code === MPEG2_START.picture || code === MPEG2_START.sequence || code === MPEG2_START.group;
  }

  isSlice(buf: Uint8Array, at: number): boolean {
    const code = buf[at] as number;
    return code >= MPEG2_START.sliceFirst && code <= MPEG2_START.sliceLast;
  }

  /** Both offsets are slices: the picture coding extension stands before each. */
  isOtherField(buf: Uint8Array, first: number, second: number): boolean {
    const one = pictureStructure(buf, first);
    const two = pictureStructure(buf, second);
    return one > 0 && two > 0 && one !== FRAME_PICTURE && two !== FRAME_PICTURE && one !== two;
  }

  learn(): void {
    // Each picture says in its own extension what it is.
  }

  pack(buf: Uint8Array, nals: NalList, picture: PictureInfo): Uint8Array | undefined {
    const start = (nals.starts[0] as number) - 3;
    const end = nals.ends[nals.count - 1] as number;
    inspectMpeg2(buf, { start, end }, picture);
    if (picture.slices === 0) return undefined;
    if (picture.parameterSets) this.#readSequence(buf, nals);
    return buf.subarray(start, end);
  }

  details(): TrackDetails {
    return this.#format === undefined ? {} : { video: this.#format };
  }

  #readSequence(buf: Uint8Array, nals: NalList): void {
    for (let i = 0; i < nals.count; i++) {
      const at = nals.starts[i] as number;
      if (buf[at] !== MPEG2_START.sequence) continue;
      let end = at;
      for (let j = i; j < nals.count && !this.isSlice(buf, nals.starts[j] as number); j++) {
        const code = buf[nals.starts[j] as number];
        if (code === MPEG2_START.sequence || code === MPEG2_START.extension) end = nals.ends[j] as number;
        else if (code === MPEG2_START.picture || code === MPEG2_START.group) break;
      }
      const bytes = buf.subarray(at - 3, Math.min(end, at + SEQUENCE_BYTES));
      if (equalBytes(bytes, this.#sequence)) return;
      const sequence = parseMpeg2Sequence(bytes.slice(), 0);
      if (sequence === undefined) return;
      this.#sequence = bytes.slice();
      this.#format = sequence.format;
      this.fields = sequence.format.interlaced === true;
      this.version++;
      return;
    }
  }
}

/** picture_structure of the picture whose first slice is at `slice`: looks back for the picture coding extension. */
function pictureStructure(buf: Uint8Array, slice: number): number {
  for (let at = slice - 4; at >= 3 && at > slice - 200; at--) {
    if (buf[at - 1] !== 1 || buf[at - 2] !== 0 || buf[at - 3] !== 0) continue;
    if (buf[at] === MPEG2_START.extension && (buf[at + 1] as number) >> 4 === 8)
      return (buf[at + 3] as number) & 3;
    if (buf[at] === MPEG2_START.picture) return 0;
  }
  return 0;
}
