import type { Fetch } from "../hls-linter/model.ts";
import type { Attributes, Chunk, SmoothManifestView, SmoothStreamView } from "./model.ts";

/** Takes a client manifest apart; without `@millrace/playlist`. Undefined for what is none. */
export function scanManifest(fetch: Fetch): SmoothManifestView | undefined {
  const text = new TextDecoder().decode(fetch.bytes);
  const root = /<SmoothStreamingMedia\b([^>]*)>/.exec(text)?.[1];
  if (root === undefined || !text.trimEnd().endsWith("</SmoothStreamingMedia>")) return undefined;
  const streams = [...text.matchAll(/<StreamIndex\b([^>]*)>([\s\S]*?)<\/StreamIndex>/g)].map(
    ([, head = "", body = ""]): SmoothStreamView => ({
      attributes: attributesOf(head),
      levels: [...body.matchAll(/<QualityLevel\b([^>]*?)\/?>/g)].map(([, own = ""]) => attributesOf(own)),
      chunks: chunksOf(body),
    }),
  );
  return { fetch, root: attributesOf(root), streams };
}

function attributesOf(text: string): Attributes {
  return new Map([...text.matchAll(/([\w:]+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]));
}

/** Chunks may leave out their time, and repeat (MS-SSTR §2.2.2.6). */
function chunksOf(body: string): Chunk[] {
  const chunks: Chunk[] = [];
  let next = 0;
  for (const [, own = ""] of body.matchAll(/<c\b([^>]*?)\/?>/g)) {
    const attributes = attributesOf(own);
    const duration = Number(attributes.get("d") ?? Number.NaN);
    next = Number(attributes.get("t") ?? next);
    for (let i = 0; i < Number(attributes.get("r") ?? 1); i++, next += duration)
      chunks.push({ start: next, duration });
  }
  return chunks;
}

const TFXD = "6d1d9b0542d544e680e2141daff757b2";
const TFRF = "d4807ef2ca3946958e5426cb9e46a79f";

/** Boxes of a fragment as far as the rules look at them. */
export interface FragmentView {
  /** Types at the top. */
  readonly boxes: readonly string[];
  /** Each TfxdBox. */
  readonly own: readonly Chunk[];
  /** Each TfrfBox. */
  readonly ahead: readonly (readonly Chunk[])[];
}

export function scanFragment(bytes: Uint8Array): FragmentView {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const top = boxesIn(view, 0, bytes.length);
  const moof = top.find(({ type }) => type === "moof");
  const traf = moof && boxesIn(view, moof.from, moof.to).find(({ type }) => type === "traf");
  const inner = traf === undefined ? [] : boxesIn(view, traf.from, traf.to);
  const uuids = inner.filter(({ type, to, from }) => type === "uuid" && to - from >= 21);
  const idOf = (at: number): string => Buffer.from(bytes.subarray(at, at + 16)).toString("hex");
  return {
    boxes: top.map(({ type }) => type),
    own: uuids
      .filter(({ from }) => idOf(from) === TFXD)
      .map(({ from }) => chunkAt(view, from + 16, from + 20)),
    ahead: uuids.filter(({ from }) => idOf(from) === TFRF).map(({ from }) => listAt(view, from + 16)),
  };
}

interface Place {
  readonly type: string;
  readonly from: number;
  readonly to: number;
}

function boxesIn(view: DataView, start: number, end: number): Place[] {
  const found: Place[] = [];
  for (let at = start; at + 8 <= end; ) {
    const size = view.getUint32(at);
    if (size < 8 || at + size > end) break;
    const type = String.fromCharCode(...[4, 5, 6, 7].map((i) => view.getUint8(at + i)));
    found.push({ type, from: at + 8, to: at + size });
    at += size;
  }
  return found;
}

/** Times are of 64 bits in version 1, else of 32. */
function chunkAt(view: DataView, full: number, at: number): Chunk {
  return view.getUint8(full) === 1
    ? { start: Number(view.getBigUint64(at)), duration: Number(view.getBigUint64(at + 8)) }
    : { start: view.getUint32(at), duration: view.getUint32(at + 4) };
}

function listAt(view: DataView, full: number): Chunk[] {
  const size = view.getUint8(full) === 1 ? 16 : 8;
  const count = Math.min(view.getUint8(full + 4), Math.floor((view.byteLength - full - 5) / size));
  return Array.from({ length: count }, (_, i) => chunkAt(view, full, full + 5 + i * size));
}
