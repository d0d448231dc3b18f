import type { TrackView } from "../model.ts";

/** Profiles whose avcC may go on with chroma format, depths and extensions (ISO/IEC 14496-15 §5.3.3.1.2). */
const AVC_HIGH_PROFILES = [100, 110, 122, 144];
const AVC_SPS = 7;
const AVC_PPS = 8;
const HEVC_VPS = 32;
const HEVC_PPS = 34;
/** Bytes of hvcC that have reserved bits, all ones. */
const HEVC_RESERVED: readonly (readonly [at: number, bits: number])[] = [
  [13, 0xf0],
  [15, 0xfc],
  [16, 0xfc],
  [17, 0xf8],
  [18, 0xf8],
];

/** Reads past the end throw RangeError, which says that the box is too short; so for all checks here. */
export function avcProblem(box: DataView): string | undefined {
  if (box.getUint8(0) !== 1) return `has version ${box.getUint8(0)}`;
  if ((box.getUint8(4) & 0xfc) !== 0xfc || (box.getUint8(5) & 0xe0) !== 0xe0) return "has reserved bits of 0";
  if ((box.getUint8(4) & 3) === 2) return "has NAL unit lengths of 3 bytes";
  const sps = readSets(box, { at: 6, count: box.getUint8(5) & 0x1f });
  const pps = readSets(box, { at: sps.end + 1, count: box.getUint8(sps.end) });
  if (sps.starts.length === 0 || sps.starts.some((at) => (box.getUint8(at) & 0x1f) !== AVC_SPS))
    return "has no SPS where they stand";
  if (pps.starts.length === 0 || pps.starts.some((at) => (box.getUint8(at) & 0x1f) !== AVC_PPS))
    return "has no PPS where they stand";
  const first = sps.starts[0] ?? 0;
  for (const i of [1, 3])
    if (box.getUint8(i) !== box.getUint8(first + i)) return "has another profile or level than its SPS";
  let end = pps.end;
  if (end < box.byteLength && AVC_HIGH_PROFILES.includes(box.getUint8(1)))
    end = readSets(box, { at: end + 4, count: box.getUint8(end + 3) }).end;
  return end === box.byteLength ? undefined : `has ${box.byteLength - end} bytes behind its end`;
}

/** Parameter sets, each behind its length. */
function readSets(box: DataView, { at, count }: { at: number; count: number }) {
  const starts: number[] = [];
  for (let i = 0; i < count; i++) {
    const length = box.getUint16(at);
    starts.push(at + 2);
    at += 2 + length;
  }
  if (at > box.byteLength) throw new RangeError("a parameter set is cut off");
  return { starts, end: at };
}

export function hevcProblem(box: DataView, { entry }: TrackView): string | undefined {
  if (box.getUint8(0) !== 1) return `has version ${box.getUint8(0)}`;
  if (HEVC_RESERVED.some(([at, bits]) => (box.getUint8(at) & bits) !== bits)) return "has reserved bits of 0";
  if ((box.getUint8(21) & 3) === 2) return "has NAL unit lengths of 3 bytes";
  const types = new Set<number>();
  let at = 23;
  for (let i = 0; i < box.getUint8(22); i++) {
    const type = box.getUint8(at) & 0x3f;
    const isComplete = (box.getUint8(at) & 0x80) !== 0;
    const sets = readSets(box, { at: at + 3, count: box.getUint16(at + 1) });
    if (sets.starts.some((start) => ((box.getUint8(start) >> 1) & 0x3f) !== type))
      return `has NAL units of another type in its array of type ${type}`;
    const isSet = type >= HEVC_VPS && type <= HEVC_PPS;
    if (entry === "hvc1" && isSet && !isComplete) return `has an array of type ${type} that is not complete`;
    if (sets.starts.length > 0) types.add(type);
    at = sets.end;
  }
  for (let type = HEVC_VPS; type <= HEVC_PPS; type++)
    if (entry === "hvc1" && !types.has(type)) return `has no NAL unit of type ${type}`;
  return at === box.byteLength ? undefined : `has ${box.byteLength - at} bytes behind its end`;
}

export function av1Problem(box: DataView): string | undefined {
  if (box.getUint8(0) !== 0x81) return "has no marker and version 1";
  if ((box.getUint8(3) & 0xe0) !== 0) return "has reserved bits of 1";
  for (let at = 4, first = true; at < box.byteLength; first = false) {
    const head = box.getUint8(at);
    const type = (head >> 3) & 15;
    if ((head & 0x81) !== 0 || (head & 2) === 0) return "has an OBU that is none, or has no size";
    if (first && type !== 1) return `has an OBU of type ${type} before the sequence header`;
    if ((head & 4) !== 0) at++;
    let size = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = box.getUint8(++at);
      size += (byte & 0x7f) * 2 ** shift;
      shift += 7;
    } while ((byte & 0x80) !== 0);
    at += 1 + size;
    if (at > box.byteLength) return "has an OBU that is cut off";
  }
  return undefined;
}

export function vpProblem(box: DataView): string | undefined {
  if (box.getUint32(0) !== 0x01000000) return "has not version 1 without flags";
  const profile = box.getUint8(4);
  const depth = box.getUint8(6) >> 4;
  if (profile > 3) return `has profile ${profile}`;
  if (![8, 10, 12].includes(depth)) return `has a depth of ${depth} bits`;
  // RGB has all of its chroma.
  if (box.getUint8(9) === 0 && ((box.getUint8(6) >> 1) & 7) !== 3) return "has RGB with less chroma";
  if (box.getUint16(10) !== 0) return "has initialization data";
  return box.byteLength === 12 ? undefined : `has ${box.byteLength} bytes`;
}
