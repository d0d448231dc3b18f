import type { BitReader } from "@millrace/bytes";
import type { BreakDuration, ScheduledEvent, SpliceCommand, SpliceInsert } from "./model.ts";

/** splice_command_type (ANSI/SCTE 35 Table 7). */
export const SPLICE_COMMAND = {
  null: 0x00,
  schedule: 0x04,
  insert: 0x05,
  timeSignal: 0x06,
  bandwidthReservation: 0x07,
  private: 0xff,
} as const;

/** Reads the command of the given type; `left` is its length in bytes, or -1 where the section does not say. */
export function readCommand(reader: BitReader, type: number, left: number): SpliceCommand {
  switch (type) {
    case SPLICE_COMMAND.null:
      return { kind: "null" };
    case SPLICE_COMMAND.schedule:
      return readSchedule(reader);
    case SPLICE_COMMAND.insert:
      return readInsert(reader);
    case SPLICE_COMMAND.timeSignal: {
      const pts = readSpliceTime(reader);
      return { kind: "time-signal", ...(pts !== undefined && { pts }) };
    }
    case SPLICE_COMMAND.bandwidthReservation:
      return { kind: "bandwidth-reservation" };
    case SPLICE_COMMAND.private:
      return readPrivate(reader, left);
    default:
      return { kind: "unknown", type };
  }
}

/** splice_time(), §9.8.1. */
function readSpliceTime(reader: BitReader): number | undefined {
  if (!reader.flag()) {
    reader.skip(7);
    return undefined;
  }
  reader.skip(6);
  return reader.wide(33);
}

function readBreakDuration(reader: BitReader): BreakDuration {
  const autoReturn = reader.flag();
  reader.skip(6);
  return { autoReturn, ticks: reader.wide(33) };
}

function readInsert(reader: BitReader): SpliceInsert {
  const eventId = reader.bits(32);
  const cancelled = reader.flag();
  reader.skip(7);
  const none = { uniqueProgramId: 0, avail: 0, availsExpected: 0 };
  if (cancelled) {
    return { kind: "insert", eventId, cancelled, outOfNetwork: false, immediate: false, ...none };
  }
  const outOfNetwork = reader.flag();
  const wholeProgram = reader.flag();
  const hasDuration = reader.flag();
  const immediate = reader.flag();
  reader.skip(4);
  const pts = wholeProgram && !immediate ? readSpliceTime(reader) : undefined;
  const components = wholeProgram ? undefined : readInsertComponents(reader, immediate);
  const duration = hasDuration ? readBreakDuration(reader) : undefined;
  return {
    kind: "insert",
    eventId,
    cancelled,
    outOfNetwork,
    immediate,
    ...(pts !== undefined && { pts }),
    ...(components && { components }),
    ...(duration && { duration }),
    ...readProgram(reader),
  };
}

function readInsertComponents(reader: BitReader, immediate: boolean): { tag: number; pts?: number }[] {
  const components: { tag: number; pts?: number }[] = [];
  const count = reader.bits(8);
  for (let i = 0; i < count && !reader.overrun; i++) {
    const tag = reader.bits(8);
    const pts = immediate ? undefined : readSpliceTime(reader);
    components.push(pts === undefined ? { tag } : { tag, pts });
  }
  return components;
}

function readProgram(reader: BitReader): { uniqueProgramId: number; avail: number; availsExpected: number } {
  return { uniqueProgramId: reader.bits(16), avail: reader.bits(8), availsExpected: reader.bits(8) };
}

function readSchedule(reader: BitReader): SpliceCommand {
  const events: ScheduledEvent[] = [];
  const count = reader.bits(8);
  for (let i = 0; i < count && !reader.overrun; i++) events.push(readScheduled(reader));
  return { kind: "schedule", events };
}

function readScheduled(reader: BitReader): ScheduledEvent {
  const eventId = reader.bits(32);
  const cancelled = reader.flag();
  reader.skip(7);
  if (cancelled) {
    return { eventId, cancelled, outOfNetwork: false, uniqueProgramId: 0, avail: 0, availsExpected: 0 };
  }
  const outOfNetwork = reader.flag();
  const wholeProgram = reader.flag();
  const hasDuration = reader.flag();
  reader.skip(5);
  const times = wholeProgram
    ? { gpsSeconds: reader.bits(32) }
    : { components: readScheduledComponents(reader) };
  const duration = hasDuration ? readBreakDuration(reader) : undefined;
  return {
    eventId,
    cancelled,
    outOfNetwork,
    ...times,
    ...(duration && { duration }),
    ...readProgram(reader),
  };
}

function readScheduledComponents(reader: BitReader): { tag: number; gpsSeconds: number }[] {
  const components: { tag: number; gpsSeconds: number }[] = [];
  const count = reader.bits(8);
  for (let i = 0; i < count && !reader.overrun; i++) {
    components.push({ tag: reader.bits(8), gpsSeconds: reader.bits(32) });
  }
  return components;
}

function readPrivate(reader: BitReader, left: number): SpliceCommand {
  const identifier = reader.bits(32);
  const data = new Uint8Array(Math.max(0, Math.min(left - 4, reader.left >> 3)));
  for (let i = 0; i < data.length; i++) data[i] = reader.bits(8);
  return { kind: "private", identifier, data };
}
