import { allBoxes, ENTRIES, find, ofType, textAt } from "../boxes.ts";
import { expectedLength, fieldsOf, isWhole } from "../layout.ts";
import type { BmffRule, Box, BoxFile, TrackView } from "../model.ts";

/** Brands that know default-base-is-moof (ISO/IEC 14496-12 annex E). */
const MOOF_BASE_BRANDS = /^(iso[5-9]|iso[a-c]|cmfc|cmf2)$/;
const CMAF_BRANDS = /^(cmfc|cmf2)$/;

/** Boxes that a track must have, once each (§8.3 to §8.7). */
const TRACK_BOXES: readonly (readonly string[])[] = [
  ["tkhd"],
  ["mdia"],
  ["mdia", "mdhd"],
  ["mdia", "hdlr"],
  ["mdia", "minf"],
  ["mdia", "minf", "dinf", "dref"],
  ["mdia", "minf", "stbl"],
  ["mdia", "minf", "stbl", "stsd"],
  ["mdia", "minf", "stbl", "stts"],
  ["mdia", "minf", "stbl", "stsc"],
  ["mdia", "minf", "stbl", "stco"],
];
const MEDIA_HEADERS: Readonly<Record<string, string>> = {
  vide: "vmhd",
  soun: "smhd",
  text: "nmhd",
  subt: "sthd",
  meta: "nmhd",
};

export const movieRules: readonly BmffRule[] = [
  {
    id: "box.fits",
    clause: "ISO/IEC 14496-12 §4.2",
    level: "must",
    doc: "Boxes fit into what holds them, and nothing is left over behind them.",
    on: "file",
    check: ({ faults }, report) => {
      for (const { where, message } of faults) report(where, message);
    },
  },
  {
    id: "box.layout",
    clause: "ISO/IEC 14496-12 §4.2, §8",
    level: "must",
    doc: "A box is as long as its version, its flags and its counts make it.",
    on: "file",
    check: ({ boxes, view }, report) => {
      for (const box of allBoxes(boxes)) {
        const bytes = expectedLength(view, box);
        const has = box.end - box.start;
        if (bytes !== undefined && bytes !== has) report(box.where, `has ${has} bytes instead of ${bytes}`);
      }
    },
  },
  {
    id: "ftyp.first",
    clause: "ISO/IEC 14496-12 §4.3, ISO/IEC 23000-19 §7.3.1",
    level: "must",
    doc: "An initialization segment is one ftyp and one moov behind it, and no media.",
    on: "init",
    check: ({ where, boxes }, report) => {
      const types = boxes.map(({ type }) => type).join(" ");
      if (!/^ftyp (?:(?:free|skip|meta|uuid) )*moov(?: (?:free|skip|uuid))*$/.test(types))
        report(where, `has ${types}`);
    },
  },
  {
    id: "ftyp.brands",
    clause: "ISO/IEC 14496-12 §4.3, §8.8.7, ISO/IEC 23000-19 §7.2",
    level: "must",
    doc: "A brand of ftyp allows for fragments that begin at their moof; that of a CMAF header is cmfc or cmf2.",
    on: "init",
    check: ({ boxes, view }, report, { profile }) => {
      const ftyp = find(boxes, "ftyp");
      if (ftyp === undefined) return;
      const brands = brandsOf(view, ftyp);
      if (!brands.some((brand) => MOOF_BASE_BRANDS.test(brand))) report(ftyp.where, `has ${brands.join()}`);
      else if (profile === "cmaf" && !brands.some((brand) => CMAF_BRANDS.test(brand)))
        report(ftyp.where, `has ${brands.join()}, and none of CMAF`);
    },
  },
  {
    id: "moov.children",
    clause: "ISO/IEC 14496-12 §8.2, §8.8.1",
    level: "must",
    doc: "A moov has one mvhd, tracks, and one mvex; that of a CMAF header has one track.",
    on: "init",
    check: ({ where, boxes }, report, { profile }) => {
      const moov = find(boxes, "moov");
      if (moov === undefined) return;
      const count = (type: string): number => ofType(moov.children, type).length;
      for (const type of ["mvhd", "mvex"])
        if (count(type) !== 1) report(moov.where, `has ${count(type)} ${type}`);
      const tracks = count("trak");
      if (tracks === 0 || (profile === "cmaf" && tracks > 1)) report(where, `has ${tracks} tracks`);
    },
  },
  {
    id: "moov.extends",
    clause: "ISO/IEC 14496-12 §8.8.3",
    level: "must",
    doc: "Every track has one trex, with a sample description that is there, and every trex has a track.",
    on: "init",
    check: ({ boxes, view, where }, report, { tracks }) => {
      const mvex = find(boxes, "moov", "mvex");
      if (mvex === undefined) return;
      const trexes = ofType(mvex.children, "trex").filter((box) => isWhole(view, box));
      const ids = trexes.map((box) => fieldsOf(view, box).u32(4));
      for (const { id, where: track } of tracks) {
        const count = ids.filter((one) => one === id).length;
        if (count !== 1) report(track, `has ${count} trex`);
      }
      for (const [i, box] of trexes.entries()) {
        const track = tracks.find(({ id }) => id === ids[i]);
        if (track === undefined) report(where, `has a trex for track ${ids[i]}`);
        const description = fieldsOf(view, box).u32(8);
        if (description < 1 || description > (track?.entryBoxes.length ?? 1))
          report(box.where, `has sample description ${description}`);
      }
    },
  },
  {
    id: "moov.ids",
    clause: "ISO/IEC 14496-12 §8.3.2.3, §8.2.2.3",
    level: "must",
    doc: "Tracks have numbers of their own, not 0, and next_track_ID is greater than all of them.",
    on: "init",
    check: ({ boxes, view, where }, report, { tracks }) => {
      const ids = tracks.map(({ id }) => id).filter((id) => id >= 0);
      if (ids.includes(0) || new Set(ids).size < ids.length) report(where, `has tracks ${ids.join()}`);
      const mvhd = find(boxes, "moov", "mvhd");
      if (mvhd === undefined || !isWhole(view, mvhd)) return;
      const next = view.getUint32(mvhd.end - 4);
      if (next <= Math.max(0, ...ids)) report(mvhd.where, `next_track_ID is ${next}`);
    },
  },
  {
    id: "track.children",
    clause: "ISO/IEC 14496-12 §8.3, §8.4, §8.5, §8.6, §8.7",
    level: "must",
    doc: "A track has all boxes that are mandatory, once each.",
    on: "track",
    check: ({ box, where }, report) => {
      for (const path of TRACK_BOXES) {
        const count = countOf(box.children, path);
        if (count !== 1) report(where, `has ${count} ${path.join("/")}`);
      }
      const sizes = ["stsz", "stz2"].map((type) => countOf(box.children, ["mdia", "minf", "stbl", type]));
      if (sizes[0] !== 1 && sizes[1] !== 1) report(where, "has no stsz");
    },
  },
  {
    id: "track.media-header",
    clause: "ISO/IEC 14496-12 §8.4.3, §8.4.5",
    level: "must",
    doc: "The media header fits the handler: vmhd for vide, smhd for soun, nmhd for text, sthd for subt.",
    on: "track",
    check: ({ box, where, handler }, report) => {
      const header = MEDIA_HEADERS[handler];
      const minf = find(box.children, "mdia", "minf");
      if (header === undefined) report(where, `has handler "${handler}"`);
      else if (minf !== undefined && find(minf.children, header) === undefined)
        report(where, `${handler} has no ${header}`);
    },
  },
  {
    id: "track.timescale",
    clause: "ISO/IEC 14496-12 §8.4.2.3",
    level: "must",
    doc: "A track has a timescale above 0.",
    on: "track",
    check: ({ where, timescale }, report) => {
      if (timescale === 0) report(where, "has timescale 0");
    },
  },
  {
    id: "track.tables",
    clause: "ISO/IEC 14496-12 §8.8.1, ISO/IEC 23000-19 §7.3.1",
    level: "must",
    doc: "The sample tables of a track whose samples are in fragments are empty.",
    on: "track",
    check: ({ box }, report, { view }) => {
      const tables = find(box.children, "mdia", "minf", "stbl")?.children ?? [];
      for (const table of tables) {
        if (!isWhole(view, table)) continue;
        const at = { stts: 4, stsc: 4, stco: 4, stsz: 8 }[table.type];
        const count = at === undefined ? 0 : fieldsOf(view, table).u32(at);
        if (count > 0) report(table.where, `has ${count} entries`);
      }
    },
  },
  {
    id: "entry.handler",
    clause: "ISO/IEC 14496-12 §8.5.2",
    level: "must",
    doc: "A track has a sample entry, of a type that fits its handler.",
    on: "track",
    check: (track, report, init) => checkEntries(track, report, init),
  },
];

function checkEntries(
  { where, handler, entryBoxes, box }: TrackView,
  report: (where: string, message: string) => void,
  { view }: BoxFile,
): void {
  const stsd = find(box.children, "mdia", "minf", "stbl", "stsd");
  if (stsd === undefined) return;
  const count = fieldsOf(view, stsd).u32(4);
  if (entryBoxes.length === 0 || count !== entryBoxes.length)
    report(where, `has ${entryBoxes.length} sample entries and says ${count}`);
  for (const { type } of entryBoxes)
    if (ENTRIES[type]?.handler !== handler) report(where, `has ${type} under ${handler}`);
}

function countOf(boxes: readonly Box[], [type = "", ...rest]: readonly string[]): number {
  const here = ofType(boxes, type);
  if (rest.length === 0) return here.length;
  return here.reduce((sum, box) => sum + countOf(box.children, rest), 0);
}

/** The major one first; minor_version is none of them. */
function brandsOf(view: DataView, { start, end }: Box): string[] {
  const brands: string[] = [];
  for (let at = start; at + 4 <= end; at += 4) if (at !== start + 4) brands.push(textAt(view, at));
  return brands;
}
