/** Bytes of sound between two titles. */
export const ICY_METAINT = 16_000;

const BLOCK = 16;
const MOST_BLOCKS = 255;

/** A block of metadata as players of SHOUTcast want it: a count of 16-byte blocks, and text filled up with zeros. */
export function icyMetadata(title: string): Uint8Array {
  const clean = title.replace(/[\r\n]+/g, " ").replaceAll("';", "' ;");
  const bytes = new TextEncoder().encode(`StreamTitle='${clean}';`);
  const blocks = Math.min(MOST_BLOCKS, Math.ceil(bytes.length / BLOCK));
  const out = new Uint8Array(1 + blocks * BLOCK);
  out[0] = blocks;
  out.set(bytes.subarray(0, blocks * BLOCK), 1);
  return out;
}

/** Nothing new. */
export const ICY_NOTHING: Uint8Array = new Uint8Array(1);
