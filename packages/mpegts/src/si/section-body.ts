import { BitWriter, ByteReader } from "@millrace/bytes";
import { buildSection, parseSectionHeader, type SectionHeader } from "../psi.ts";
import { parseSiDescriptors, type SiDescriptor, serializeSiDescriptors } from "./descriptors.ts";
import { siError } from "./errors.ts";

/** Largest section of any SI table but the EIT (EN 300 468 §5.1.1). */
export const MAX_SI_SECTION = 1024;
export const MAX_EIT_SECTION = 4096;

/** Where a section stands in its table: common to all tables of the long form. */
export interface SectionPlace {
  readonly version: number;
  /** False: announces the next version. */
  readonly current: boolean;
  readonly sectionNumber: number;
  readonly lastSectionNumber: number;
}

/** The place of a section that is all of its table. */
export const SINGLE_SECTION: SectionPlace = {
  version: 0,
  current: true,
  sectionNumber: 0,
  lastSectionNumber: 0,
};

/** Opens a long section whose table_id is in `[first, last]`: its header, and a reader of its body without the CRC. */
export function openSection(
  section: Uint8Array,
  first: number,
  last: number = first,
): { header: SectionHeader; reader: ByteReader } | undefined {
  const header = parseSectionHeader(section);
  if (header === undefined || header.tableId < first || header.tableId > last) return undefined;
  return { header, reader: new ByteReader(section, 8, section.length - 4) };
}

export function placeOf(header: SectionHeader): SectionPlace {
  return {
    version: header.version,
    current: header.current,
    sectionNumber: header.number,
    lastSectionNumber: header.last,
  };
}

/** Closes a section; throws `si.section-too-long`. */
export function closeSection(
  place: SectionPlace & { readonly tableId: number; readonly extension: number },
  body: Uint8Array,
  limit: number = MAX_SI_SECTION,
): Uint8Array {
  if (body.length + 12 > limit) {
    throw siError("si.section-too-long", `table 0x${place.tableId.toString(16)}: ${body.length + 12} bytes`);
  }
  const { tableId, extension, version, current } = place;
  return buildSection(
    { tableId, extension, version, current, number: place.sectionNumber, last: place.lastSectionNumber },
    body,
  );
}

/** A descriptor loop behind its 12-bit length; four flag bits stand before it and are passed over. */
export function readLoop(reader: ByteReader): SiDescriptor[] {
  const length = reader.u16() & 0xfff;
  return parseSiDescriptors(reader.take(length));
}

/** Writes the length and the loop; `flags` are the four bits before the length. */
export function writeLoop(writer: BitWriter, descriptors: readonly SiDescriptor[], flags = 0xf): void {
  const loop = serializeSiDescriptors(descriptors);
  if (loop.length > 0xfff) throw siError("si.loop-too-long", `descriptor loop of ${loop.length} bytes`);
  writer.bits(flags, 4).bits(loop.length, 12).bytes(loop);
}

export function newBody(): BitWriter {
  return new BitWriter(512);
}
