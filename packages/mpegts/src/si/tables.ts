import { type Ait, parseAit } from "./ait.ts";
import { parseSiDescriptors, type SiDescriptor } from "./descriptors.ts";
import { type Eit, parseEit } from "./eit.ts";
import { type Bat, type Nit, parseBat, parseNit } from "./nit.ts";
import { parseSdt, type Sdt } from "./sdt.ts";
import { openSection, placeOf, type SectionPlace } from "./section-body.ts";
import { parseTdt, parseTot, type Tdt, type Tot } from "./time-tables.ts";

/** One section of the CAT (0x01) or TSDT (0x03), with its descriptors parsed. */
export interface DescriptionTable extends SectionPlace {
  readonly type: "cat" | "tsdt";
  readonly descriptors: readonly SiDescriptor[];
}

export type SiTable = Sdt | Nit | Bat | Eit | Tdt | Tot | Ait | DescriptionTable;

/**
 * Parses a section of any SI table known here. Undefined for tables that are passed over: RST (0x71), ST (0x72), DIT
 * (0x7E), SIT (0x7F), private ones; and for damaged sections.
 */
export function parseSiSection(section: Uint8Array): SiTable | undefined {
  const tableId = section[0];
  if (tableId === undefined) return undefined;
  if (tableId >= 0x4e && tableId <= 0x6f) return parseEit(section);
  switch (tableId) {
    case 0x01:
    case 0x03:
      return parseDescription(section, tableId);
    case 0x40:
    case 0x41:
      return parseNit(section);
    case 0x42:
    case 0x46:
      return parseSdt(section);
    case 0x4a:
      return parseBat(section);
    case 0x70:
      return parseTdt(section);
    case 0x73:
      return parseTot(section);
    case 0x74:
      return parseAit(section);
    default:
      return undefined;
  }
}

function parseDescription(section: Uint8Array, tableId: number): DescriptionTable | undefined {
  const opened = openSection(section, tableId);
  if (opened === undefined) return undefined;
  const { header, reader } = opened;
  const descriptors = parseSiDescriptors(reader.take(reader.left));
  return { type: tableId === 0x01 ? "cat" : "tsdt", ...placeOf(header), descriptors };
}

const TABLE_NAMES: ReadonlyMap<number, string> = new Map([
  [0x00, "PAT"],
  [0x01, "CAT"],
  [0x02, "PMT"],
  [0x03, "TSDT"],
  [0x3b, "DSM-CC UNM"],
  [0x3c, "DSM-CC DDM"],
  [0x3d, "DSM-CC stream descriptors"],
  [0x3e, "DSM-CC private data / MPE"],
  [0x40, "NIT actual"],
  [0x41, "NIT other"],
  [0x42, "SDT actual"],
  [0x46, "SDT other"],
  [0x4a, "BAT"],
  [0x4b, "UNT"],
  [0x4c, "INT"],
  [0x4e, "EIT p/f actual"],
  [0x4f, "EIT p/f other"],
  [0x70, "TDT"],
  [0x71, "RST"],
  [0x72, "ST"],
  [0x73, "TOT"],
  [0x74, "AIT"],
  [0x7e, "DIT"],
  [0x7f, "SIT"],
  [0xfc, "SCTE 35 splice info"],
]);

/** What a table is called, for people: "EIT schedule actual", "PMT", "table 0x9A". */
export function tableName(tableId: number): string {
  const known = TABLE_NAMES.get(tableId);
  if (known !== undefined) return known;
  if (tableId >= 0x50 && tableId <= 0x5f) return "EIT schedule actual";
  if (tableId >= 0x60 && tableId <= 0x6f) return "EIT schedule other";
  if (tableId === 0x80 || tableId === 0x81) return "ECM";
  if (tableId >= 0x82 && tableId <= 0x8f) return "EMM";
  return `table 0x${tableId.toString(16).toUpperCase().padStart(2, "0")}`;
}
