import type { BitWriter, ByteReader } from "@millrace/bytes";
import type { SiDescriptor } from "./descriptors.ts";
import {
  closeSection,
  MAX_SI_SECTION,
  newBody,
  openSection,
  placeOf,
  readLoop,
  type SectionPlace,
  writeLoop,
} from "./section-body.ts";

/** EN 300 468 table 6. */
export type RunningStatus = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;
export const RUNNING_STATUS = {
  undefined: 0,
  notRunning: 1,
  startsSoon: 2,
  pausing: 3,
  running: 4,
  offAir: 5,
} as const;

export interface SdtService {
  readonly serviceId: number;
  readonly eitSchedule: boolean;
  readonly eitPresentFollowing: boolean;
  readonly runningStatus: RunningStatus;
  /** True: a conditional access system controls at least one component. */
  readonly scrambled: boolean;
  readonly descriptors: readonly SiDescriptor[];
}

/** One section of a service description table (EN 300 468 §5.2.3). */
export interface Sdt extends SectionPlace {
  readonly type: "sdt";
  /** Of this transport stream, or of another one. */
  readonly actual: boolean;
  readonly transportStreamId: number;
  readonly originalNetworkId: number;
  readonly services: readonly SdtService[];
}

/** A section of table 0x42 or 0x46; undefined if it is something else or damaged. */
export function parseSdt(section: Uint8Array): Sdt | undefined {
  const opened = openSection(section, 0x42, 0x46);
  if (opened === undefined) return undefined;
  const { header, reader } = opened;
  if (header.tableId !== 0x42 && header.tableId !== 0x46) return undefined;
  const originalNetworkId = reader.u16();
  reader.skip(1);
  const services: SdtService[] = [];
  while (reader.left >= 5) services.push(readService(reader));
  if (reader.overrun) return undefined;
  return {
    type: "sdt",
    actual: header.tableId === 0x42,
    transportStreamId: header.extension,
    originalNetworkId,
    ...placeOf(header),
    services,
  };
}

function readService(reader: ByteReader): SdtService {
  const serviceId = reader.u16();
  const eit = reader.u8();
  const status = (reader.bytes[reader.at] as number) >> 4;
  return {
    serviceId,
    eitSchedule: (eit & 2) !== 0,
    eitPresentFollowing: (eit & 1) !== 0,
    runningStatus: (status >> 1) as RunningStatus,
    scrambled: (status & 1) !== 0,
    descriptors: readLoop(reader),
  };
}

export function serializeSdt(sdt: Sdt): Uint8Array {
  const writer = newBody();
  writer.bits(sdt.originalNetworkId, 16).bits(0xff, 8);
  for (const service of sdt.services) writeService(writer, service);
  const tableId = sdt.actual ? 0x42 : 0x46;
  return closeSection({ ...sdt, tableId, extension: sdt.transportStreamId }, writer.toBytes());
}

function writeService(writer: BitWriter, service: SdtService): void {
  writer.bits(service.serviceId, 16).bits(0x3f, 6);
  writer.bit(service.eitSchedule).bit(service.eitPresentFollowing);
  writeLoop(writer, service.descriptors, (service.runningStatus << 1) | (service.scrambled ? 1 : 0));
}

/** What all sections of one SDT share. */
export type SdtTable = Pick<
  Sdt,
  "actual" | "transportStreamId" | "originalNetworkId" | "version" | "services"
>;

/** The sections of a whole table: services are spread over as many as are needed. */
export function buildSdtSections(table: SdtTable): Uint8Array[] {
  const groups: SdtService[][] = [[]];
  let size = 12 + 3;
  for (const service of table.services) {
    const writer = newBody();
    writeService(writer, service);
    const length = writer.bitLength / 8;
    if (size + length > MAX_SI_SECTION && groups[groups.length - 1]?.length !== 0) {
      groups.push([]);
      size = 12 + 3;
    }
    groups[groups.length - 1]?.push(service);
    size += length;
  }
  return groups.map((services, sectionNumber) =>
    serializeSdt({
      ...table,
      type: "sdt",
      services,
      current: true,
      sectionNumber,
      lastSectionNumber: groups.length - 1,
    }),
  );
}
