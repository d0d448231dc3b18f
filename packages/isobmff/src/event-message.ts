import { ByteReader } from "@millrace/bytes";
import type { BoxWriter } from "./write/box-writer.ts";

/** An event that is not over, or whose end is not known. */
export const EVENT_DURATION_UNKNOWN = 0xffffffff;

/** An event beside the media (ISO/IEC 23009-1 §5.10.3.3). */
export interface EventMessage {
  readonly schemeIdUri: string;
  readonly value: string;
  /** Of the two times below, Hz. */
  readonly timescale: number;
  /** On the timeline of the media: an integer of up to 2⁵³. */
  readonly presentationTime: number;
  /** `EVENT_DURATION_UNKNOWN` where it is not known. */
  readonly durationTicks: number;
  /** Events with equal scheme, value and id are one. */
  readonly id: number;
  readonly data: Uint8Array;
}

/** Writes an emsg box of version 1. */
export function writeEventMessage(writer: BoxWriter, event: EventMessage): void {
  writer
    .beginFull("emsg", 1, 0)
    .u32(event.timescale)
    .u64(event.presentationTime)
    .u32(event.durationTicks)
    .u32(event.id)
    .textZ(event.schemeIdUri)
    .textZ(event.value)
    .bytes(event.data)
    .end();
}

/** An event as read. Of version 0, `presentationTime` counts from the earliest presentation time of its segment. */
export interface ReadEvent {
  readonly version: number;
  readonly event: EventMessage;
}

/** Reads the payload of an emsg box, version and flags first; undefined when it is cut short or of a later version. */
export function readEventMessage(payload: Uint8Array): ReadEvent | undefined {
  const reader = new ByteReader(payload);
  const version = reader.u8();
  reader.skip(3);
  if (version > 1) return undefined;
  let schemeIdUri = "";
  let value = "";
  if (version === 0) {
    schemeIdUri = readTextZ(reader);
    value = readTextZ(reader);
  }
  const timescale = reader.u32();
  const presentationTime = version === 0 ? reader.u32() : reader.u64();
  const durationTicks = reader.u32();
  const id = reader.u32();
  if (version === 1) {
    schemeIdUri = readTextZ(reader);
    value = readTextZ(reader);
  }
  if (reader.overrun || timescale === 0 || !Number.isSafeInteger(presentationTime)) return undefined;
  const data = reader.take(reader.left).slice();
  return { version, event: { schemeIdUri, value, timescale, presentationTime, durationTicks, id, data } };
}

const decoder = new TextDecoder();

/** UTF-8 up to a zero byte; a text without end sets `overrun`. */
export function readTextZ(reader: ByteReader): string {
  const end = reader.bytes.indexOf(0, reader.at);
  if (end < 0 || end >= reader.end) {
    reader.skip(reader.left + 1);
    return "";
  }
  const text = decoder.decode(reader.take(end - reader.at));
  reader.skip(1);
  return text;
}
