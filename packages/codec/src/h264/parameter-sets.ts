import { equalBytes } from "@millrace/bytes";
import type { VideoFormat } from "@millrace/model";
import type { NalList } from "../nal.ts";
import type { VideoHeaders } from "../video/headers.ts";
import type { PictureInfo } from "../video/picture.ts";
import { buildAvcConfig, parseAvcConfig } from "./avcc.ts";
import { H264_NAL } from "./nal-types.ts";
import { inspectH264 } from "./picture.ts";
import { parseH264Pps } from "./pps.ts";
import { type H264Sps, h264CodecString, h264Format, parseH264Sps } from "./sps.ts";

/** Honest sets, with all scaling lists, stay far below; more is rubbish that got here by chance. */
const MAX_SET_BYTES = 4096;

/**
 * The parameter sets of an H.264 track as they come by in band. Sets that are there already cost a comparison of
 * bytes; a damaged set is left out.
 */
export class H264ParameterSets implements VideoHeaders {
  version = 0;

  readonly #sps = new Map<number, Uint8Array>();
  readonly #pps = new Map<number, Uint8Array>();
  #active: H264Sps | undefined;

  /** Takes in the sets among the NAL units of one access unit. True when anything changed. */
  collect(buf: Uint8Array, nals: NalList): boolean {
    const before = this.version;
    for (let i = 0; i < nals.count; i++) {
      const start = nals.starts[i] as number;
      const type = (buf[start] as number) & 0x1f;
      if (type === H264_NAL.sps || type === H264_NAL.pps)
        this.add(buf.subarray(start, nals.ends[i] as number));
    }
    return this.version !== before;
  }

  /** Takes in one parameter set NAL unit, which is copied. Returns whether it changed anything. */
  add(nal: Uint8Array): boolean {
    if (nal.length > MAX_SET_BYTES) return false;
    const isSps = ((nal[0] ?? 0) & 0x1f) === H264_NAL.sps;
    const sets = isSps ? this.#sps : this.#pps;
    for (const known of sets.values()) if (equalBytes(known, nal)) return false;
    const copy = nal.slice();
    const parsed = isSps ? parseH264Sps(copy) : parseH264Pps(copy);
    if (parsed === undefined) return false;
    sets.set(parsed.id, copy);
    if (isSps) this.#active = parsed as H264Sps;
    this.version++;
    return true;
  }

  /** Says what picture an access unit holds. */
  inspect(buf: Uint8Array, nals: NalList, out: PictureInfo): void {
    inspectH264(buf, nals, out);
  }

  /** Takes the sets out of an AVCDecoderConfigurationRecord. False when it cannot be read. */
  load(config: Uint8Array): boolean {
    const record = parseAvcConfig(config);
    if (record === undefined) return false;
    for (const nal of [...record.sps, ...record.pps]) this.add(nal);
    return this.complete;
  }

  /** Whether a decoder could start with what is there. */
  get complete(): boolean {
    return this.#sps.size > 0 && this.#pps.size > 0;
  }

  /** The sequence parameter set that came or changed last. */
  get sps(): H264Sps | undefined {
    return this.#active;
  }

  /** All sets, sequence parameter sets first. */
  get nals(): Uint8Array[] {
    return [...this.#sps.values(), ...this.#pps.values()];
  }

  /** AVCDecoderConfigurationRecord, once complete. */
  get config(): Uint8Array | undefined {
    if (!this.complete) return undefined;
    // The record has room for 31 and 255.
    return buildAvcConfig([...this.#sps.values()].slice(0, 31), [...this.#pps.values()].slice(0, 255));
  }

  get format(): VideoFormat | undefined {
    return this.#active && h264Format(this.#active);
  }

  get codecString(): string | undefined {
    return this.#active && h264CodecString(this.#active);
  }
}
