import { equalBytes } from "@millrace/bytes";
import type { VideoFormat } from "@millrace/model";
import type { NalList } from "../nal.ts";
import type { VideoHeaders } from "../video/headers.ts";
import type { PictureInfo } from "../video/picture.ts";
import { buildHevcConfig, parseHevcConfig } from "./hvcc.ts";
import { H265_NAL, h265NalType } from "./nal-types.ts";
import { H265Inspector } from "./picture.ts";
import { h265CodecString } from "./profile.ts";
import { type H265Sps, h265Format, parseH265Sps } from "./sps.ts";
import { type H265Vps, parseH265Pps, parseH265Vps } from "./vps-pps.ts";

/** Honest sets stay far below; more is rubbish that got here by chance. */
const MAX_SET_BYTES = 4096;

/**
 * The parameter sets of an H.265 track as they come by in band. Sets that are there already cost a comparison of
 * bytes; a damaged set is left out.
 */
export class H265ParameterSets implements VideoHeaders {
  version = 0;

  readonly #vps = new Map<number, Uint8Array>();
  readonly #sps = new Map<number, Uint8Array>();
  readonly #pps = new Map<number, Uint8Array>();
  readonly #inspector = new H265Inspector();
  #activeVps: H265Vps | undefined;
  #activeSps: H265Sps | undefined;

  collect(buf: Uint8Array, nals: NalList): boolean {
    const before = this.version;
    for (let i = 0; i < nals.count; i++) {
      const start = nals.starts[i] as number;
      const type = h265NalType(buf[start] as number);
      if (type >= H265_NAL.vps && type <= H265_NAL.pps) this.add(buf.subarray(start, nals.ends[i] as number));
    }
    return this.version !== before;
  }

  /** Takes in one parameter set NAL unit, which is copied. Returns whether it changed anything. */
  add(nal: Uint8Array): boolean {
    // Sets of enhancement layers (nuh_layer_id above 0) have ids of their own.
    if (
      nal.length < 3 ||
      nal.length > MAX_SET_BYTES ||
      ((nal[0] as number) & 1) !== 0 ||
      nal[1]! >> 3 !== 0
    ) {
      return false;
    }
    const type = h265NalType(nal[0] as number);
    const sets = type === H265_NAL.vps ? this.#vps : type === H265_NAL.sps ? this.#sps : this.#pps;
    for (const known of sets.values()) if (equalBytes(known, nal)) return false;
    const copy = nal.slice();
    const id = this.#parse(type, copy);
    if (id < 0) return false;
    sets.set(id, copy);
    this.version++;
    return true;
  }

  inspect(buf: Uint8Array, nals: NalList, out: PictureInfo): void {
    this.#inspector.inspect(buf, nals, out);
  }

  load(config: Uint8Array): boolean {
    const record = parseHevcConfig(config);
    if (record === undefined) return false;
    for (const array of record.arrays) {
      if (array.type >= H265_NAL.vps && array.type <= H265_NAL.pps)
        for (const nal of array.nals) this.add(nal);
    }
    return this.complete;
  }

  get complete(): boolean {
    return this.#vps.size > 0 && this.#sps.size > 0 && this.#pps.size > 0;
  }

  /** The sequence parameter set that came or changed last. */
  get sps(): H265Sps | undefined {
    return this.#activeSps;
  }

  get nals(): Uint8Array[] {
    return [...this.#vps.values(), ...this.#sps.values(), ...this.#pps.values()];
  }

  get config(): Uint8Array | undefined {
    return this.complete ? buildHevcConfig(this.nals) : undefined;
  }

  get format(): VideoFormat | undefined {
    return this.#activeSps && h265Format(this.#activeSps, this.#activeVps?.timing);
  }

  get codecString(): string | undefined {
    return this.#activeSps && h265CodecString(this.#activeSps.profile);
  }

  /** The id of the set, or -1 when it is damaged. */
  #parse(type: number, nal: Uint8Array): number {
    if (type === H265_NAL.vps) {
      const vps = parseH265Vps(nal);
      if (vps !== undefined) this.#activeVps = vps;
      return vps?.id ?? -1;
    }
    if (type === H265_NAL.sps) {
      const sps = parseH265Sps(nal);
      if (sps !== undefined) this.#activeSps = sps;
      return sps?.id ?? -1;
    }
    const pps = parseH265Pps(nal);
    if (pps !== undefined) this.#inspector.extraSliceBits = pps.extraSliceBits;
    return pps?.id ?? -1;
  }
}
