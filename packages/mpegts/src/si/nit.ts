import { ByteReader } from "@millrace/bytes";
import type { SiDescriptor } from "./descriptors.ts";
import {
  closeSection,
  newBody,
  openSection,
  placeOf,
  readLoop,
  type SectionPlace,
  writeLoop,
} from "./section-body.ts";

export interface NetworkTransportStream {
  readonly transportStreamId: number;
  readonly originalNetworkId: number;
  readonly descriptors: readonly SiDescriptor[];
}

interface NetworkTable extends SectionPlace {
  readonly descriptors: readonly SiDescriptor[];
  readonly transportStreams: readonly NetworkTransportStream[];
}

/** One section of a network information table (EN 300 468 §5.2.1). */
export interface Nit extends NetworkTable {
  readonly type: "nit";
  readonly actual: boolean;
  readonly networkId: number;
}

/** One section of a bouquet association table (§5.2.2). */
export interface Bat extends NetworkTable {
  readonly type: "bat";
  readonly bouquetId: number;
}

const NIT_ACTUAL = 0x40;
const NIT_OTHER = 0x41;
const BAT = 0x4a;

/** A section of table 0x40 or 0x41; undefined if it is something else or damaged. */
export function parseNit(section: Uint8Array): Nit | undefined {
  const opened = openSection(section, NIT_ACTUAL, NIT_OTHER);
  if (opened === undefined) return undefined;
  const { header, reader } = opened;
  const lists = readLists(reader);
  if (lists === undefined) return undefined;
  const actual = header.tableId === NIT_ACTUAL;
  return { type: "nit", actual, networkId: header.extension, ...placeOf(header), ...lists };
}

/** A section of table 0x4A; undefined if it is something else or damaged. */
export function parseBat(section: Uint8Array): Bat | undefined {
  const opened = openSection(section, BAT);
  if (opened === undefined) return undefined;
  const { header, reader } = opened;
  const lists = readLists(reader);
  if (lists === undefined) return undefined;
  return { type: "bat", bouquetId: header.extension, ...placeOf(header), ...lists };
}

function readLists(
  reader: ByteReader,
): { descriptors: SiDescriptor[]; transportStreams: NetworkTransportStream[] } | undefined {
  const descriptors = readLoop(reader);
  const length = reader.u16() & 0xfff;
  const list = new ByteReader(reader.take(length));
  const transportStreams: NetworkTransportStream[] = [];
  while (list.left >= 6) {
    transportStreams.push({
      transportStreamId: list.u16(),
      originalNetworkId: list.u16(),
      descriptors: readLoop(list),
    });
  }
  return reader.overrun || list.overrun ? undefined : { descriptors, transportStreams };
}

export function serializeNit(nit: Nit): Uint8Array {
  const tableId = nit.actual ? NIT_ACTUAL : NIT_OTHER;
  return closeSection({ ...nit, tableId, extension: nit.networkId }, writeLists(nit));
}

export function serializeBat(bat: Bat): Uint8Array {
  return closeSection({ ...bat, tableId: BAT, extension: bat.bouquetId }, writeLists(bat));
}

function writeLists(table: NetworkTable): Uint8Array {
  const list = newBody();
  for (const stream of table.transportStreams) {
    list.bits(stream.transportStreamId, 16).bits(stream.originalNetworkId, 16);
    writeLoop(list, stream.descriptors);
  }
  const bytes = list.toBytes();
  const writer = newBody();
  writeLoop(writer, table.descriptors);
  return writer.bits(0xf, 4).bits(bytes.length, 12).bytes(bytes).toBytes();
}
