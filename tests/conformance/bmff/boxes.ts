import type { Box, BoxFile, Fault } from "./model.ts";

/** Bytes of fields before the boxes within; all other boxes have no boxes within. */
const CONTAINERS: Readonly<Record<string, number>> = {
  moov: 0,
  trak: 0,
  edts: 0,
  mdia: 0,
  minf: 0,
  dinf: 0,
  stbl: 0,
  mvex: 0,
  moof: 0,
  traf: 0,
  dref: 8,
  stsd: 8,
};
const VISUAL_FIELDS = 78;
const AUDIO_FIELDS = 28;
const TEXT_FIELDS = 8;

/** Sample entries that may stand under a handler (ISO/IEC 14496-12 §8.5.2), with the bytes before the boxes within. */
export const ENTRIES: Readonly<Record<string, { handler: string; fields: number; config: string }>> = {
  avc1: { handler: "vide", fields: VISUAL_FIELDS, config: "avcC" },
  avc3: { handler: "vide", fields: VISUAL_FIELDS, config: "avcC" },
  hvc1: { handler: "vide", fields: VISUAL_FIELDS, config: "hvcC" },
  hev1: { handler: "vide", fields: VISUAL_FIELDS, config: "hvcC" },
  av01: { handler: "vide", fields: VISUAL_FIELDS, config: "av1C" },
  vp08: { handler: "vide", fields: VISUAL_FIELDS, config: "vpcC" },
  vp09: { handler: "vide", fields: VISUAL_FIELDS, config: "vpcC" },
  mp4v: { handler: "vide", fields: VISUAL_FIELDS, config: "esds" },
  mp4a: { handler: "soun", fields: AUDIO_FIELDS, config: "esds" },
  "ac-3": { handler: "soun", fields: AUDIO_FIELDS, config: "dac3" },
  "ec-3": { handler: "soun", fields: AUDIO_FIELDS, config: "dec3" },
  Opus: { handler: "soun", fields: AUDIO_FIELDS, config: "dOps" },
  fLaC: { handler: "soun", fields: AUDIO_FIELDS, config: "dfLa" },
  wvtt: { handler: "text", fields: TEXT_FIELDS, config: "vttC" },
};

/** Reads boxes as far as they fit; what does not is a fault. */
export function readBoxFile(where: string, bytes: Uint8Array): BoxFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const faults: Fault[] = [];
  const boxes = readBoxes({ view, faults, parent: "" }, { where, start: 0, end: bytes.length });
  return { where, bytes, view, boxes, faults };
}

interface Reading {
  readonly view: DataView;
  readonly faults: Fault[];
  /** Type of the box around. */
  readonly parent: string;
}

interface Range {
  readonly where: string;
  readonly start: number;
  readonly end: number;
}

function readBoxes(reading: Reading, { where, start, end }: Range): Box[] {
  const { view, faults, parent } = reading;
  const boxes: Box[] = [];
  for (let at = start; at < end; ) {
    const head = readHead(view, at, end);
    if (head === undefined) {
      faults.push({ where, message: `${end - at} bytes at ${at} are no box that fits` });
      break;
    }
    const { type, payload, next } = head;
    const path = `${where}/${type}`;
    const fields = parent === "stsd" ? ENTRIES[type]?.fields : CONTAINERS[type];
    let children: Box[] = [];
    if (fields !== undefined && payload + fields > next)
      faults.push({ where: path, message: `has no room for its ${fields} bytes of fields` });
    else if (fields !== undefined)
      children = readBoxes(
        { view, faults, parent: type },
        { where: path, start: payload + fields, end: next },
      );
    boxes.push({ type, at, start: payload, end: next, children, where: path });
    at = next;
  }
  return boxes;
}

/** Size and type, of 32 or 64 bits (§4.2.2). A size of 0, "to the end of the file", has no place in a stream. */
function readHead(view: DataView, at: number, end: number) {
  if (at + 8 > end) return undefined;
  const isLarge = view.getUint32(at) === 1;
  if (isLarge && at + 16 > end) return undefined;
  const size = isLarge ? Number(view.getBigUint64(at + 8)) : view.getUint32(at);
  const payload = at + (isLarge ? 16 : 8);
  if (at + size < payload || at + size > end) return undefined;
  return { type: textAt(view, at + 4), payload, next: at + size };
}

/** Four characters. */
export function textAt(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));
}

/** The first box at the end of a path of types. */
export function find(boxes: readonly Box[], ...path: readonly string[]): Box | undefined {
  const [type, ...rest] = path;
  for (const box of boxes) {
    if (box.type !== type) continue;
    const found = rest.length === 0 ? box : find(box.children, ...rest);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function ofType(boxes: readonly Box[], type: string): Box[] {
  return boxes.filter((box) => box.type === type);
}

/** All boxes, those within others too. */
export function allBoxes(boxes: readonly Box[]): Box[] {
  return boxes.flatMap((box) => [box, ...allBoxes(box.children)]);
}
