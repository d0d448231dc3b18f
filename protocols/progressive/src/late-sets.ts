import { concat, putU32be } from "@millrace/bytes";
import { parseAvcConfig, parseHevcConfig } from "@millrace/codec";
import type { Track } from "@millrace/model";

interface Late {
  readonly bytes: Uint8Array;
  due: boolean;
}

/**
 * Parameter sets that came too late for a file's beginning. They stand in the first frame behind the change, and in key
 * frames: the sample entries "avc1" and "hvc1" do not allow for that (ISO/IEC 14496-15 §5.4.2.1.2, §8.4.1.1), but a file
 * that goes on has no other place for them.
 */
export class LateSets {
  readonly #of = new Map<number, Late>();

  /** The sets of a track from its next frame on; see `parameterSetsOf`. */
  set(number: number, bytes: Uint8Array): void {
    this.#of.set(number, { bytes, due: true });
  }

  /** What the next frame of a track has to begin with; undefined for nothing. */
  before(number: number, key: boolean): Uint8Array | undefined {
    const late = this.#of.get(number);
    if (late === undefined || !(late.due || key)) return undefined;
    late.due = false;
    return late.bytes;
  }
}

/** The parameter sets of an H.264 or H.265 track as they stand in samples, each behind its length; else nothing. */
export function parameterSetsOf({ codec, config }: Track): Uint8Array {
  if (config === undefined) return new Uint8Array(0);
  if (codec === "h264") {
    const { sps = [], pps = [] } = parseAvcConfig(config) ?? {};
    return withLengths([...sps, ...pps]);
  }
  if (codec !== "h265") return new Uint8Array(0);
  return withLengths(parseHevcConfig(config)?.arrays.flatMap(({ nals }) => nals) ?? []);
}

function withLengths(nals: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const nal of nals) {
    const length = new Uint8Array(4);
    putU32be(length, 0, nal.length);
    parts.push(length, nal);
  }
  return concat(parts);
}
