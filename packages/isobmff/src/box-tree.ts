import { u16be, u24be, u32be } from "@millrace/bytes";
import { type Box, boxesIn, FULL_BOX_BYTES } from "./boxes.ts";
import { IsoProblem } from "./errors.ts";

/** A box with what is in it. */
export interface BoxNode {
  readonly type: string;
  /** Offset in the array, and bytes. */
  readonly at: number;
  readonly size: number;
  /** Of a FullBox. */
  readonly version?: number;
  readonly flags?: number;
  /** Behind the header, version and flags; of a container, what stands before its children. A view. */
  readonly payload: Uint8Array;
  readonly children: readonly BoxNode[];
}

const MAX_DEPTH = 16;
const PLAIN = -1;

/** Bytes between the header (version and flags included) and the children. */
const CONTAINERS: ReadonlyMap<string, number> = new Map([
  ...["moov", "trak", "edts", "mdia", "minf", "dinf", "stbl", "mvex", "moof", "traf", "mfra", "vttc"].map(
    (type) => [type, 0] as const,
  ),
  ...["sinf", "schi"].map((type) => [type, 0] as const),
  ...["stsd", "dref"].map((type) => [type, 4] as const),
  ...["avc1", "avc3", "hvc1", "hev1", "av01", "vp08", "vp09", "mp4v", "encv"].map(
    (type) => [type, 78] as const,
  ),
  ...["mp4a", "Opus", "fLaC", "ac-3", "ec-3", ".mp3", "enca"].map((type) => [type, 28] as const),
  ["wvtt", 8],
]);

const FULL_BOXES: ReadonlySet<string> = new Set([
  ..."mvhd tkhd mdhd hdlr elng elst vmhd smhd nmhd sthd hmhd dref stsd stts ctts cslg stss stsh stsc stsz".split(
    " ",
  ),
  ..."stz2 stco co64 sdtp sbgp sgpd subs saiz saio mehd trex mfhd tfhd tfdt trun tfra mfro sidx ssix prft".split(
    " ",
  ),
  ..."emsg pssh tenc senc esds vpcC dfLa".split(" "),
  "url ",
]);

/**
 * All boxes of a file or segment, with those inside them, for looking at and for tests. Throws `isobmff.box-size` where
 * sizes do not fit, `isobmff.depth` beyond 16 levels, `isobmff.box-limit` for more than 4096 boxes side by side.
 */
export function boxTree(bytes: Uint8Array): BoxNode[] {
  return nodesIn(bytes, { start: 0, end: bytes.length, depth: 0 });
}

function nodesIn(bytes: Uint8Array, range: { start: number; end: number; depth: number }): BoxNode[] {
  if (range.depth > MAX_DEPTH) throw new IsoProblem("isobmff.depth", `more than ${MAX_DEPTH} levels`);
  return boxesIn(bytes, range.start, range.end).map((box) => nodeOf(bytes, box, range.depth));
}

function nodeOf(bytes: Uint8Array, box: Box, depth: number): BoxNode {
  const { type, at, end } = box;
  const full = FULL_BOXES.has(type) && box.start + FULL_BOX_BYTES <= end;
  const start = box.start + (full ? FULL_BOX_BYTES : 0);
  const before = CONTAINERS.get(type) ?? PLAIN;
  const holds = before !== PLAIN && start + before <= end;
  const inner = holds ? start + before + moreBytes(bytes, type, start) : end;
  const children = holds && inner <= end ? nodesIn(bytes, { start: inner, end, depth: depth + 1 }) : [];
  return {
    type,
    at,
    size: end - at,
    ...(full ? { version: bytes[box.start] as number, flags: u24be(bytes, box.start + 1) } : {}),
    payload: bytes.subarray(start, Math.min(inner, end)),
    children,
  };
}

/** QuickTime's audio entries of version 1 and 2 are longer. */
function moreBytes(bytes: Uint8Array, type: string, start: number): number {
  if (CONTAINERS.get(type) !== 28) return 0;
  const version = u16be(bytes, start + 8);
  return version === 1 ? 16 : version === 2 ? 36 : 0;
}

/** The tree as lines: two spaces for each level, type, size, version and flags where there are any. */
export function formatBoxTree(nodes: readonly BoxNode[], indent = ""): string {
  return nodes.map((node) => formatNode(node, indent)).join("");
}

function formatNode({ type, size, version, flags, children }: BoxNode, indent: string): string {
  const full = version === undefined ? "" : ` v${version} ${(flags ?? 0).toString(16)}`;
  return `${indent}${type} ${size}${full}\n${formatBoxTree(children, `${indent}  `)}`;
}

/** The nodes at the end of a path of types, like "moov/trak/mdia/mdhd". */
export function nodesAt(nodes: readonly BoxNode[], path: string): BoxNode[] {
  const [first = "", ...rest] = path.split("/");
  const found = nodes.filter(({ type }) => type === first);
  return rest.length === 0 ? found : found.flatMap(({ children }) => nodesAt(children, rest.join("/")));
}

/** 32-bit words of a payload, for tests. */
export function wordsOf({ payload }: BoxNode): number[] {
  const words: number[] = [];
  for (let at = 0; at + 4 <= payload.length; at += 4) words.push(u32be(payload, at));
  return words;
}
