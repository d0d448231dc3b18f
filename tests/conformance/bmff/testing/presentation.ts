import assert from "node:assert/strict";
import type { RuleCase as Case, Change as DraftChange } from "../../kit/rule-tests.ts";
import type { ObservedStream } from "../model.ts";

/** A box to be written: fields, then boxes within. */
export interface Node {
  type: string;
  fields: number[];
  children: Node[];
}

interface DraftMedia {
  where: string;
  boxes: Node[];
  independent: boolean;
  discontinuity: boolean;
}

/** One track of CMAF without a fault, for tests to break. */
export interface Draft {
  profile: ObservedStream["profile"];
  init: Node[];
  media: DraftMedia[];
  /** Added to the data offset of each run. */
  offsetShift: number;
  /** Applied to what was written. */
  editInit: (bytes: number[]) => number[];
}

export type Change = DraftChange<Draft>;
export type RuleCase = Case<Draft>;

export const TICKS = 3000;
const START = 90_000;
const IDR = [0, 0, 0, 3, 0x65, 0x88, 0x80];
const SLICE = [0, 0, 0, 2, 0x41, 0x9a];
export const AVC_CONFIG: readonly number[] = [
  ...[1, 0x4d, 0x40, 0x1e, 0xff],
  ...[0xe1, 0, 5, 0x67, 0x4d, 0x40, 0x1e, 0xaa],
  ...[1, 0, 2, 0x68, 0xee],
];

export const text = (value: string): number[] => [...value].map((letter) => letter.charCodeAt(0));
export const u32 = (value: number): number[] =>
  [value >>> 24, value >>> 16, value >>> 8, value].map((byte) => byte & 255);
export const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);

export function box(type: string, fields: readonly number[], ...children: Node[]): Node {
  return { type, fields: [...fields], children };
}

export function draft(): Draft {
  const [idr, slice] = [
    { data: IDR, sync: true },
    { data: SLICE, sync: false },
  ];
  const styp = box("styp", [...text("msdh"), ...u32(0), ...text("msdh")]);
  const prft = box("prft", [1, 0, 0, 24, ...u32(1), ...u32(0xea000000), ...u32(0), ...u32(0), ...u32(START)]);
  const event = [...u32(90_000), ...u32(0), ...u32(START), ...u32(0), ...u32(7), ...text("urn:a\0b\0")];
  const chunk = (i: number, samples: readonly SampleDraft[]): Node[] =>
    fragment({ sequence: i + 1, time: START + 2 * i * TICKS, samples });
  const media = (where: string, boxes: Node[], independent: boolean): DraftMedia => ({
    ...{ where, boxes, independent },
    discontinuity: false,
  });
  const first = [styp, prft, box("emsg", [1, 0, 0, 0, ...event]), ...chunk(0, [idr, slice])];
  return {
    profile: "cmaf",
    init: header(),
    media: [
      media("one", [...first, ...chunk(1, [slice, slice])], true),
      media("two", [box("styp", styp.fields), ...chunk(2, [idr, slice])], true),
      media("three", chunk(3, [slice, slice]), false),
    ],
    offsetShift: 0,
    editInit: (bytes) => bytes,
  };
}

function header(): Node[] {
  const entry = box("avc1", zeros(78), box("avcC", AVC_CONFIG));
  const stbl = box(
    "stbl",
    [],
    box("stsd", [...u32(0), ...u32(1)], entry),
    box("stts", zeros(8)),
    box("stsc", zeros(8)),
    box("stsz", zeros(12)),
    box("stco", zeros(8)),
  );
  const dref = box("dref", [...u32(0), ...u32(1)], box("url ", u32(1)));
  const minf = box("minf", [], box("vmhd", [...u32(1), ...zeros(8)]), box("dinf", [], dref), stbl);
  const mdia = box(
    "mdia",
    [],
    box("mdhd", [...zeros(12), ...u32(90_000), ...zeros(8)]),
    box("hdlr", [...zeros(8), ...text("vide"), ...zeros(13)]),
    minf,
  );
  return [
    box("ftyp", [...text("iso6"), ...u32(0), ...text("iso6cmfc")]),
    box(
      "moov",
      [],
      box("mvhd", [...zeros(12), ...u32(1000), ...zeros(80), ...u32(2)]),
      box("trak", [], box("tkhd", [0, 0, 0, 7, ...zeros(8), ...u32(1), ...zeros(68)]), mdia),
      box("mvex", [], box("trex", [...u32(0), ...u32(1), ...u32(1), ...zeros(12)])),
    ),
  ];
}

interface SampleDraft {
  readonly data: readonly number[];
  readonly sync: boolean;
}

interface FragmentDraft {
  readonly sequence: number;
  readonly time: number;
  readonly samples: readonly SampleDraft[];
}

/** moof and mdat. The data offset is put in when all is written. */
export function fragment({ sequence, time, samples }: FragmentDraft): Node[] {
  const rows = samples.flatMap(({ data, sync }) => [
    ...u32(TICKS),
    ...u32(data.length),
    ...u32(sync ? 0x02000000 : 0x01010000),
  ]);
  const traf = box(
    "traf",
    [],
    box("tfhd", [...u32(0x020000), ...u32(1)]),
    box("tfdt", [1, 0, 0, 0, ...u32(0), ...u32(time)]),
    box("trun", [...u32(0x000701), ...u32(samples.length), ...u32(0), ...rows]),
  );
  const mdat = box(
    "mdat",
    samples.flatMap(({ data }) => data),
  );
  return [box("moof", [], box("mfhd", [...u32(0), ...u32(sequence)]), traf), mdat];
}

export function observe(from: Draft): ObservedStream {
  const media = from.media.map(({ boxes, ...rest }) => {
    for (const moof of boxes.filter(({ type }) => type === "moof"))
      for (const trun of moof.children.flatMap(({ children }) =>
        children.filter(({ type }) => type === "trun"),
      ))
        trun.fields.splice(8, 4, ...u32(bytesOf(moof).length + 8 + from.offsetShift));
    return { ...rest, bytes: Uint8Array.from(boxes.flatMap(bytesOf)) };
  });
  const init = Uint8Array.from(from.editInit(from.init.flatMap(bytesOf)));
  return { where: "track", profile: from.profile, init, media };
}

function bytesOf({ type, fields, children }: Node): number[] {
  const content = [...fields, ...children.flatMap(bytesOf)];
  return [...u32(content.length + 8), ...text(type), ...content];
}

/** The box at the end of a path; it must be there. */
function at(boxes: readonly Node[], path: string): { node: Node; siblings: Node[] } {
  let siblings = boxes as Node[];
  let node: Node | undefined;
  for (const type of path.split("/")) {
    if (node !== undefined) siblings = node.children;
    node = siblings.find((each) => each.type === type);
    assert.ok(node !== undefined, `no ${type} of ${path}`);
  }
  return { node: node as Node, siblings };
}

/** The boxes of the initialization segment, or of media by their index. */
export type Place = "init" | number;

function boxesAt(draft: Draft, place: Place): Node[] {
  return place === "init" ? draft.init : (draft.media[place]?.boxes ?? []);
}

export function removing(place: Place, path: string): Change {
  return (draft) => {
    const { node, siblings } = at(boxesAt(draft, place), path);
    siblings.splice(siblings.indexOf(node), 1);
  };
}

export function repeating(place: Place, path: string): Change {
  return (draft) => {
    const { node, siblings } = at(boxesAt(draft, place), path);
    siblings.splice(siblings.indexOf(node), 0, structuredClone(node));
  };
}

/** Puts a box before all others within another one, or at the top with an empty path. */
export function adding(place: Place, path: string, added: Node): Change {
  return (draft) => {
    const boxes = boxesAt(draft, place);
    (path === "" ? boxes : at(boxes, path).node.children).unshift(structuredClone(added));
  };
}

/** Replaces bytes of fields; what lies behind the end makes the box longer. */
export function setting(place: Place, path: string, patch: { at: number; bytes: readonly number[] }): Change {
  return (draft) => {
    at(boxesAt(draft, place), path).node.fields.splice(patch.at, patch.bytes.length, ...patch.bytes);
  };
}

/** All fields of a box anew. */
export function replacing(place: Place, path: string, fields: readonly number[]): Change {
  return (draft) => {
    at(boxesAt(draft, place), path).node.fields = [...fields];
  };
}

const STBL = "moov/trak/mdia/minf/stbl";

interface EntryDraft {
  readonly type: string;
  readonly handler: "vide" | "soun";
  readonly config: string;
  readonly bytes: readonly number[];
}

/** Another sample entry, with the handler and the media header that belong to it. */
export function entry({ type, handler, config, bytes }: EntryDraft): Change {
  return (draft) => {
    const isVideo = handler === "vide";
    at(draft.init, `${STBL}/stsd`).node.children = [box(type, zeros(isVideo ? 78 : 28), box(config, bytes))];
    at(draft.init, "moov/trak/mdia/hdlr").node.fields.splice(8, 4, ...text(handler));
    const header = at(draft.init, "moov/trak/mdia/minf").node.children;
    header[0] = isVideo ? box("vmhd", zeros(12)) : box("smhd", zeros(8));
  };
}

/** Several changes at once. */
export function all(...changes: Change[]): Change {
  return (draft) => {
    for (const change of changes) change(draft);
  };
}
