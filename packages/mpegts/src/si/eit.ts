import type { BitWriter, ByteReader } from "@millrace/bytes";
import type { SiDescriptor } from "./descriptors.ts";
import type { RunningStatus } from "./sdt.ts";
import {
  closeSection,
  MAX_EIT_SECTION,
  newBody,
  openSection,
  placeOf,
  readLoop,
  type SectionPlace,
  writeLoop,
} from "./section-body.ts";
import { readDuration, readUtcTime, writeDuration, writeUtcTime } from "./time.ts";

export interface EitEvent {
  readonly eventId: number;
  /** UTC, milliseconds; undefined for events without a time (NVOD reference services). */
  readonly startMs: number | undefined;
  /** Seconds. */
  readonly durationS: number | undefined;
  readonly runningStatus: RunningStatus;
  readonly scrambled: boolean;
  readonly descriptors: readonly SiDescriptor[];
}

/** One section of an event information table (EN 300 468 §5.2.4). */
export interface Eit extends SectionPlace {
  readonly type: "eit";
  /** 0x4E, 0x4F present/following; 0x50–0x5F, 0x60–0x6F schedule; actual and other transport stream each. */
  readonly tableId: number;
  readonly serviceId: number;
  readonly transportStreamId: number;
  readonly originalNetworkId: number;
  readonly segmentLastSectionNumber: number;
  readonly lastTableId: number;
  readonly events: readonly EitEvent[];
}

export const EIT_FIRST = 0x4e;
export const EIT_LAST = 0x6f;

export function isEitSchedule(tableId: number): boolean {
  return tableId >= 0x50 && tableId <= EIT_LAST;
}

/** Whether an EIT is about services of the stream that carries it. */
export function isEitActual(tableId: number): boolean {
  return tableId === EIT_FIRST || (tableId >= 0x50 && tableId <= 0x5f);
}

/** A section of tables 0x4E to 0x6F; undefined if it is something else or damaged. */
export function parseEit(section: Uint8Array): Eit | undefined {
  const opened = openSection(section, EIT_FIRST, EIT_LAST);
  if (opened === undefined) return undefined;
  const { header, reader } = opened;
  const transportStreamId = reader.u16();
  const originalNetworkId = reader.u16();
  const segmentLastSectionNumber = reader.u8();
  const lastTableId = reader.u8();
  const events: EitEvent[] = [];
  while (reader.left >= 12) events.push(readEvent(reader));
  if (reader.overrun) return undefined;
  return {
    type: "eit",
    tableId: header.tableId,
    serviceId: header.extension,
    transportStreamId,
    originalNetworkId,
    segmentLastSectionNumber,
    lastTableId,
    ...placeOf(header),
    events,
  };
}

function readEvent(reader: ByteReader): EitEvent {
  const eventId = reader.u16();
  const startMs = readUtcTime(reader);
  const durationS = readDuration(reader);
  const status = (reader.bytes[reader.at] ?? 0) >> 4;
  return {
    eventId,
    startMs,
    durationS,
    runningStatus: (status >> 1) as RunningStatus,
    scrambled: (status & 1) !== 0,
    descriptors: readLoop(reader),
  };
}

export function serializeEit(eit: Eit): Uint8Array {
  const writer = newBody();
  writer.bits(eit.transportStreamId, 16).bits(eit.originalNetworkId, 16);
  writer.bits(eit.segmentLastSectionNumber, 8).bits(eit.lastTableId, 8);
  for (const event of eit.events) writeEvent(writer, event);
  return closeSection({ ...eit, extension: eit.serviceId }, writer.toBytes(), MAX_EIT_SECTION);
}

function writeEvent(writer: BitWriter, event: EitEvent): void {
  writer.bits(event.eventId, 16);
  writeUtcTime(writer, event.startMs);
  writeDuration(writer, event.durationS);
  writeLoop(writer, event.descriptors, (event.runningStatus << 1) | (event.scrambled ? 1 : 0));
}
