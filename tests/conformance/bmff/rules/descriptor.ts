import type { TrackView } from "../model.ts";

const ES = 3;
const DECODER = 4;
const SPECIFIC = 5;
const SL = 6;
/** Object types that cannot be decoded without DecoderSpecificInfo: MPEG-4 video and audio. */
const NEED_SPECIFIC = [0x20, 0x40];
const STREAM_TYPES: Readonly<Record<string, number>> = { vide: 4, soun: 5 };

interface Descriptor {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

/** Throws RangeError where a descriptor is cut off. */
export function descriptorProblem(box: DataView, { handler }: TrackView): string | undefined {
  if (box.getUint32(0) !== 0) return "has a version or flags";
  const [es, ...others] = readDescriptors(box, 4, box.byteLength);
  if (es?.tag !== ES || others.length > 0) return "is not one ES_Descriptor";
  const flags = box.getUint8(es.start + 2);
  // A file has no dependence, no URL and no clock of another stream (ISO/IEC 14496-14 §3.1.2).
  if ((flags & 0xe0) !== 0) return "has flags of its ES_Descriptor";
  const inner = readDescriptors(box, es.start + 3, es.end);
  const decoder = inner.find(({ tag }) => tag === DECODER);
  const sl = inner.find(({ tag }) => tag === SL);
  if (decoder === undefined || sl === undefined) return "has no decoder configuration or no SL configuration";
  if (box.getUint8(sl.start) !== 2) return `has SL configuration ${box.getUint8(sl.start)}`;
  const objectType = box.getUint8(decoder.start);
  const streamType = box.getUint8(decoder.start + 1) >> 2;
  if (streamType !== STREAM_TYPES[handler]) return `has stream type ${streamType} under ${handler}`;
  const specific = readDescriptors(box, decoder.start + 13, decoder.end).find(({ tag }) => tag === SPECIFIC);
  const isEmpty = specific === undefined || specific.start === specific.end;
  return NEED_SPECIFIC.includes(objectType) && isEmpty
    ? `has no DecoderSpecificInfo for object type ${objectType}`
    : undefined;
}

/** Tags and sizes of seven bits a byte (ISO/IEC 14496-1 §8.3.3). */
function readDescriptors(box: DataView, at: number, end: number): Descriptor[] {
  const found: Descriptor[] = [];
  while (at < end) {
    const tag = box.getUint8(at++);
    let size = 0;
    let byte: number;
    do {
      byte = box.getUint8(at++);
      size = size * 128 + (byte & 0x7f);
    } while ((byte & 0x80) !== 0);
    if (at + size > end) throw new RangeError("a descriptor is cut off");
    found.push({ tag, start: at, end: at + size });
    at += size;
  }
  return found;
}
