import { equalBytes, u32be } from "@millrace/bytes";
import { parseAvcConfig, parseHevcConfig } from "@millrace/codec";
import type { AccessUnit, Track } from "@millrace/model";

/** Parameter sets by configuration record: records are read once. */
const knownSets = new WeakMap<Uint8Array, readonly Uint8Array[]>();
const NO_SETS: readonly Uint8Array[] = [];
/** obu_type 2 (AV1 §6.2.2). */
const OBU_TEMPORAL_DELIMITER = 2;

/**
 * The bytes of a unit as a sample holds them, appended to `into` as views on `unit.data`. Returns their total size.
 *
 * H.264 and H.265: parameter sets that the configuration holds are left out ("avc1" and "hvc1" keep them out of samples:
 * ISO/IEC 14496-15 §5.4.2.1.2, §8.4.1.1). AV1: temporal delimiters are left out (AV1 in ISOBMFF §2.4). MPEG-4 part 2: the
 * headers of the configuration are left out. Everything else is stored as it is.
 */
export function storedData(track: Track, unit: AccessUnit, into: Uint8Array[]): number {
  switch (track.codec) {
    case "h264":
    case "h265":
      return withoutSets(unit.data, setsOf(track), into);
    case "av1":
      return withoutStart(unit.data, delimiterBytes(unit.data[0]), into);
    case "mpeg4":
      return withoutStart(unit.data, headerBytes(unit.data[0], track.config), into);
    default:
      return withoutStart(unit.data, 0, into);
  }
}

function setsOf({ codec, config }: Track): readonly Uint8Array[] {
  if (config === undefined) return NO_SETS;
  let sets = knownSets.get(config);
  if (sets === undefined) {
    sets = codec === "h264" ? avcSets(config) : hevcSets(config);
    knownSets.set(config, sets);
  }
  return sets;
}

function avcSets(config: Uint8Array): readonly Uint8Array[] {
  const parsed = parseAvcConfig(config);
  return parsed === undefined ? NO_SETS : [...parsed.sps, ...parsed.pps];
}

function hevcSets(config: Uint8Array): readonly Uint8Array[] {
  return parseHevcConfig(config)?.arrays.flatMap(({ nals }) => nals) ?? NO_SETS;
}

function withoutStart(data: readonly Uint8Array[], start: number, into: Uint8Array[]): number {
  let total = 0;
  for (let i = 0; i < data.length; i++) {
    const part = data[i] as Uint8Array;
    const kept = i === 0 && start > 0 ? part.subarray(start) : part;
    if (kept.length === 0) continue;
    into.push(kept);
    total += kept.length;
  }
  return total;
}

/** A temporal delimiter is the first unit, if anywhere; it is empty. */
function delimiterBytes(first: Uint8Array | undefined): number {
  const header = first?.[0] ?? 0;
  if (((header >> 3) & 15) !== OBU_TEMPORAL_DELIMITER || (header & 2) === 0) return 0;
  const at = (header & 4) === 0 ? 1 : 2;
  return first?.[at] === 0 ? at + 1 : 0;
}

function headerBytes(first: Uint8Array | undefined, config: Uint8Array | undefined): number {
  if (first === undefined || config === undefined || first.length < config.length) return 0;
  return equalBytes(first.subarray(0, config.length), config) ? config.length : 0;
}

/** NAL units of which a part holds only the beginning, or the end, are kept. */
function withoutSets(data: readonly Uint8Array[], sets: readonly Uint8Array[], into: Uint8Array[]): number {
  let total = 0;
  // Bytes at the start of a part that belong to a NAL unit of the one before.
  let carried = 0;
  for (let i = 0; i < data.length; i++) {
    const part = data[i] as Uint8Array;
    let keepFrom = 0;
    let at = carried;
    while (at + 4 <= part.length) {
      const end = at + 4 + u32be(part, at);
      if (end <= part.length && isSet(part, at + 4, end, sets)) {
        total += keep(part, keepFrom, at, into);
        keepFrom = end;
      }
      at = end;
    }
    total += keep(part, keepFrom, part.length, into);
    // A length that is itself cut: what follows cannot be told apart.
    carried = at < part.length ? Number.MAX_SAFE_INTEGER : at - part.length;
  }
  return total;
}

function keep(part: Uint8Array, from: number, to: number, into: Uint8Array[]): number {
  if (to <= from) return 0;
  into.push(from === 0 && to === part.length ? part : part.subarray(from, to));
  return to - from;
}

function isSet(part: Uint8Array, start: number, end: number, sets: readonly Uint8Array[]): boolean {
  for (let i = 0; i < sets.length; i++) {
    const set = sets[i] as Uint8Array;
    if (set.length !== end - start || set[0] !== part[start]) continue;
    let same = 1;
    while (same < set.length && set[same] === part[start + same]) same++;
    if (same === set.length) return true;
  }
  return false;
}
