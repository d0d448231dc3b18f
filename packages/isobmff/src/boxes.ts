import { u32be, u64be } from "@millrace/bytes";
import { IsoProblem } from "./errors.ts";

/** Where a box stands in an array of bytes. */
export interface Box {
  readonly type: string;
  /** Offset of its first byte. */
  readonly at: number;
  /** Offset of its payload: behind size, type, large size and user type. */
  readonly start: number;
  /** Offset behind it. May lie behind the array where only the beginning is there. */
  readonly end: number;
}

/** Boxes side by side; honest files stay far below. */
const MAX_CHILDREN = 4096;
/** A FullBox's version and flags. */
export const FULL_BOX_BYTES = 4;

/** Four characters of Latin-1. */
export function fourCcAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(bytes[at] ?? 0, bytes[at + 1] ?? 0, bytes[at + 2] ?? 0, bytes[at + 3] ?? 0);
}

/**
 * Reads the header of the box at `bytes[at]` (ISO/IEC 14496-12 §4.2). Undefined while bytes of it are missing. `end` is
 * that of the enclosing box or file, for a box that reaches up to it (size 0); infinite where it is not known. Throws
 * `isobmff.box-size` for a size that cannot be.
 */
export function readBoxHeader(
  bytes: Uint8Array,
  at: number,
  end: number = Number.POSITIVE_INFINITY,
): Box | undefined {
  if (at + 8 > bytes.length) return undefined;
  const type = fourCcAt(bytes, at + 4);
  let size = u32be(bytes, at);
  let header = 8;
  if (size === 1) {
    if (at + 16 > bytes.length) return undefined;
    size = u64be(bytes, at + 8);
    header = 16;
  } else if (size === 0) size = end - at;
  if (type === "uuid") header += 16;
  if (size < header || (size > Number.MAX_SAFE_INTEGER && size !== Number.POSITIVE_INFINITY))
    throw new IsoProblem("isobmff.box-size", `${JSON.stringify(type)} of ${size} bytes`);
  return { type, at, start: at + header, end: at + size };
}

/**
 * The boxes in `bytes[start, end)`. Fewer than eight bytes behind the last are passed over: QuickTime ends lists so.
 * Throws `isobmff.box-size` where a box reaches beyond the end, `isobmff.box-limit` for more than 4096.
 */
export function boxesIn(bytes: Uint8Array, start: number, end: number): Box[] {
  const boxes: Box[] = [];
  let at = start;
  while (at + 8 <= end) {
    const box = readBoxHeader(bytes, at, end);
    if (box === undefined || box.end > end)
      throw new IsoProblem("isobmff.box-size", `${JSON.stringify(fourCcAt(bytes, at + 4))} ends outside`);
    if (boxes.length === MAX_CHILDREN)
      throw new IsoProblem("isobmff.box-limit", `more than ${MAX_CHILDREN} boxes side by side`);
    boxes.push(box);
    at = box.end;
  }
  return boxes;
}

/** The first box of a type. */
export function findBox(boxes: readonly Box[], type: string): Box | undefined {
  for (const box of boxes) if (box.type === type) return box;
  return undefined;
}

/** The first box at the end of a path of types, each inside the one before. */
export function findPath(bytes: Uint8Array, parent: Box, path: readonly string[]): Box | undefined {
  let box: Box | undefined = parent;
  for (const type of path) {
    if (box === undefined) return undefined;
    box = findBox(boxesIn(bytes, box.start, box.end), type);
  }
  return box;
}
