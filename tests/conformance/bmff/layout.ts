import type { Box } from "./model.ts";

interface Fields {
  readonly view: DataView;
  readonly start: number;
  readonly version: number;
  readonly flags: number;
  /** 32 bits at so many bytes behind the box's header; 0 where there are none. */
  readonly u32: (offset: number) => number;
}

/** Bytes behind the header, by version, flags and counts. */
const LENGTHS: Readonly<Record<string, (fields: Fields) => number>> = {
  mvhd: ({ version }) => (version === 1 ? 112 : 100),
  tkhd: ({ version }) => (version === 1 ? 96 : 84),
  mdhd: ({ version }) => (version === 1 ? 36 : 24),
  vmhd: () => 12,
  smhd: () => 8,
  nmhd: () => 4,
  sthd: () => 4,
  stts: ({ u32 }) => 8 + 8 * u32(4),
  stsc: ({ u32 }) => 8 + 12 * u32(4),
  stsz: ({ u32 }) => 12 + (u32(4) === 0 ? 4 * u32(8) : 0),
  stco: ({ u32 }) => 8 + 4 * u32(4),
  elst: ({ version, u32 }) => 8 + (version === 1 ? 20 : 12) * u32(4),
  mehd: ({ version }) => (version === 1 ? 12 : 8),
  trex: () => 24,
  mfhd: () => 8,
  tfdt: ({ version }) => (version === 1 ? 12 : 8),
  tfhd: ({ flags }) => 8 + bitsOf(flags, { 1: 8, 2: 4, 8: 4, 16: 4, 32: 4 }),
  trun: ({ flags, u32 }) => 8 + bitsOf(flags, { 1: 4, 4: 4 }) + u32(4) * sampleFieldBytes(flags),
  prft: ({ version }) => (version === 1 ? 24 : 20),
};

/** Bytes of the fields of one sample in a trun (ISO/IEC 14496-12 §8.8.8). */
export function sampleFieldBytes(flags: number): number {
  return bitsOf(flags, { 256: 4, 512: 4, 1024: 4, 2048: 4 });
}

function bitsOf(flags: number, bytes: Readonly<Record<number, number>>): number {
  return Object.entries(bytes).reduce(
    (sum, [bit, size]) => sum + ((flags & Number(bit)) === 0 ? 0 : size),
    0,
  );
}

export function fieldsOf(view: DataView, { start, end }: Box): Fields {
  const u32 = (offset: number): number => (start + offset + 4 <= end ? view.getUint32(start + offset) : 0);
  return { view, start, version: u32(0) >>> 24, flags: u32(0) & 0xffffff, u32 };
}

/** How many bytes a box of a known layout has behind its header; undefined where the layout is not known. */
export function expectedLength(view: DataView, box: Box): number | undefined {
  return LENGTHS[box.type]?.(fieldsOf(view, box));
}

/** Whether its fields can be read. */
export function isWhole(view: DataView, box: Box): boolean {
  return expectedLength(view, box) === box.end - box.start;
}
