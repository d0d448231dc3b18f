import {
  H264_NAL,
  H264ParameterSets,
  H265_NAL,
  H265ParameterSets,
  h264BeginsAccessUnit,
  h265BeginsAccessUnit,
  h265NalType,
  isSecondField,
  type NalList,
  type PictureInfo,
  parseH264Slice,
  type VideoHeaders,
  writeLengthPrefixed,
} from "@millrace/codec";
import type { TrackDetails } from "./framer.ts";
import type { VideoSyntax } from "./video-framer.ts";

/** Delimiters and filler, which access units go without (`AccessUnit.data`). */
function isH264Waste(header: number): boolean {
  const type = header & 0x1f;
  return type === H264_NAL.aud || type === H264_NAL.filler;
}

function isH265Waste(header: number): boolean {
  const type = h265NalType(header);
  return type === H265_NAL.aud || type === H265_NAL.filler;
}

/** Turns NAL units into the length-prefixed form, in scratch memory that the next call overwrites. */
class NalPacker {
  #scratch = new Uint8Array(64 << 10);

  pack(buf: Uint8Array, nals: NalList): Uint8Array {
    const size = nals.prefixedSize();
    if (size > this.#scratch.length) this.#scratch = new Uint8Array(Math.max(size, this.#scratch.length * 2));
    writeLengthPrefixed(buf, nals, { target: this.#scratch, at: 0 });
    return this.#scratch.subarray(0, size);
  }
}

function detailsOf(headers: VideoHeaders): TrackDetails {
  const { config, codecString, format } = headers;
  return {
    ...(config === undefined ? {} : { config }),
    ...(codecString === undefined ? {} : { codecString }),
    ...(format === undefined ? {} : { video: format }),
  };
}

/** H.264 in Annex B form. */
export class H264Syntax implements VideoSyntax {
  readonly keepsZeros = false;
  readonly #headers = new H264ParameterSets();
  readonly #packer = new NalPacker();

  get version(): number {
    return this.#headers.version;
  }

  get fields(): boolean {
    return this.#headers.sps?.frameMbsOnly === false;
  }

  beginsUnit(buf: Uint8Array, at: number): boolean {
    return h264BeginsAccessUnit(buf, at);
  }

  isSlice(buf: Uint8Array, at: number): boolean {
    const type = (buf[at] as number) & 0x1f;
    return type === H264_NAL.slice || type === H264_NAL.idr || type === H264_NAL.partitionA;
  }

  isOtherField(buf: Uint8Array, first: number, second: number): boolean {
    const sps = this.#headers.sps;
    if (sps === undefined) return false;
    const one = parseH264Slice(buf.subarray(first, first + 40), sps);
    const two = parseH264Slice(buf.subarray(second, second + 40), sps);
    return one !== undefined && two !== undefined && isSecondField(one, two);
  }

  learn(buf: Uint8Array, nals: NalList): void {
    this.#headers.collect(buf, nals);
  }

  pack(buf: Uint8Array, nals: NalList, picture: PictureInfo): Uint8Array | undefined {
    nals.removeWhere(buf, isH264Waste);
    this.#headers.collect(buf, nals);
    this.#headers.inspect(buf, nals, picture);
    return picture.slices === 0 ? undefined : this.#packer.pack(buf, nals);
  }

  details(): TrackDetails {
    return detailsOf(this.#headers);
  }
}

/** H.265 in Annex B form. */
export class H265Syntax implements VideoSyntax {
  readonly keepsZeros = false;
  readonly #headers = new H265ParameterSets();
  readonly #packer = new NalPacker();
  /** Each field is a picture of its own in H.265. */
  readonly fields = false;

  get version(): number {
    return this.#headers.version;
  }

  beginsUnit(buf: Uint8Array, at: number): boolean {
    return h265BeginsAccessUnit(buf, at);
  }

  isSlice(buf: Uint8Array, at: number): boolean {
    return h265NalType(buf[at] as number) <= H265_NAL.vclLast;
  }

  isOtherField(): boolean {
    return false;
  }

  learn(buf: Uint8Array, nals: NalList): void {
    this.#headers.collect(buf, nals);
  }

  pack(buf: Uint8Array, nals: NalList, picture: PictureInfo): Uint8Array | undefined {
    nals.removeWhere(buf, isH265Waste);
    this.#headers.collect(buf, nals);
    this.#headers.inspect(buf, nals, picture);
    return picture.slices === 0 ? undefined : this.#packer.pack(buf, nals);
  }

  details(): TrackDetails {
    return detailsOf(this.#headers);
  }
}
