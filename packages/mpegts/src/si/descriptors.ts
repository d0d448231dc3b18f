import { BitWriter, ByteReader, u32be } from "@millrace/bytes";
import { iterateDescriptors } from "../descriptor-loop.ts";
import type { AnyKind } from "./descriptor-kind.ts";
import { DELIVERY_KINDS, type DeliveryDescriptor } from "./descriptors-delivery.ts";
import { EVENT_KINDS, type EventDescriptor } from "./descriptors-event.ts";
import { CUE_IDENTIFIER_KIND, EXTENSION_KINDS, type ExtensionDescriptor } from "./descriptors-extension.ts";
import { MPEG_KINDS, type MpegDescriptor } from "./descriptors-mpeg.ts";
import { LOGICAL_CHANNEL_KIND, NETWORK_KINDS, type NetworkDescriptor } from "./descriptors-service.ts";
import { STREAM_KINDS, type StreamDescriptor } from "./descriptors-stream.ts";
import { siError } from "./errors.ts";

/** A descriptor that is unknown, private or malformed, as it stood. */
export interface UnknownDescriptor {
  readonly type: "raw";
  readonly tag: number;
  /** The payload; for tag 0x7F it begins with the tag extension. */
  readonly data: Uint8Array;
}

/** Any descriptor, told apart by `type`. */
export type SiDescriptor =
  | MpegDescriptor
  | NetworkDescriptor
  | DeliveryDescriptor
  | EventDescriptor
  | StreamDescriptor
  | ExtensionDescriptor
  | UnknownDescriptor;

const EXTENSION_TAG = 0x7f;
const STANDARD_KINDS = [
  ...MPEG_KINDS,
  ...NETWORK_KINDS,
  ...DELIVERY_KINDS,
  ...EVENT_KINDS,
  ...STREAM_KINDS,
  ...EXTENSION_KINDS,
];
const byKey = new Map(STANDARD_KINDS.map((kind) => [keyOf(kind.tag, kind.extension), kind]));
const byType = new Map(
  [...STANDARD_KINDS, LOGICAL_CHANNEL_KIND, CUE_IDENTIFIER_KIND].map((kind) => [kind.type, kind]),
);

/** private_data_specifier values under which 0x83 is the logical channel list: none, EACEM, NorDig, DTG (UK), Free TV (Australia). */
const LOGICAL_CHANNEL_OWNERS: ReadonlySet<number> = new Set([0, 0x28, 0x29, 0x233a, 0x3200]);

function keyOf(tag: number, extension: number | undefined): number {
  return tag * 256 + (extension ?? 0);
}

/**
 * Parses a descriptor loop. Never throws: a descriptor that does not parse is kept raw, one that claims to go past the
 * loop's end is dropped with what follows. A private_data_specifier decides what private tags (0x80 and up) mean.
 */
export function parseSiDescriptors(loop: Uint8Array): SiDescriptor[] {
  const list: SiDescriptor[] = [];
  let owner = 0;
  for (const { tag, data } of iterateDescriptors(loop)) {
    if (tag === 0x5f && data.length >= 4) owner = u32be(data, 0);
    list.push(parseSiDescriptor(tag, data, owner));
  }
  return list;
}

/** Parses one descriptor's payload; `owner` is the private_data_specifier in force. */
export function parseSiDescriptor(tag: number, data: Uint8Array, owner = 0): SiDescriptor {
  const kind = kindOf(tag, data, owner);
  if (kind) {
    const reader = new ByteReader(data, tag === EXTENSION_TAG ? 1 : 0);
    const descriptor = kind.read(reader) as SiDescriptor;
    if (!reader.overrun) return descriptor;
  }
  return { type: "raw", tag, data: data.slice() };
}

function kindOf(tag: number, data: Uint8Array, owner: number): AnyKind | undefined {
  if (tag < 0x80) return byKey.get(keyOf(tag, tag === EXTENSION_TAG ? data[0] : undefined));
  if (tag === 0x83 && LOGICAL_CHANNEL_OWNERS.has(owner)) return LOGICAL_CHANNEL_KIND;
  if (tag === 0x8a && owner === 0) return CUE_IDENTIFIER_KIND;
  return undefined;
}

/**
 * Serializes a descriptor loop. Throws `si.not-writable` for kinds that are only read and `si.descriptor-too-long`.
 */
export function serializeSiDescriptors(list: readonly SiDescriptor[]): Uint8Array {
  const writer = new BitWriter(256);
  for (const descriptor of list) {
    const { tag, data } = payloadOf(descriptor);
    if (data.length > 255)
      throw siError("si.descriptor-too-long", `${descriptor.type}: ${data.length} bytes`);
    writer.bits(tag, 8).bits(data.length, 8).bytes(data);
  }
  return writer.toBytes();
}

function payloadOf(descriptor: SiDescriptor): { tag: number; data: Uint8Array } {
  if (descriptor.type === "raw") return { tag: descriptor.tag, data: descriptor.data };
  const kind = byType.get(descriptor.type);
  if (!kind?.write) throw siError("si.not-writable", `no serializer for ${descriptor.type} descriptors`);
  const writer = new BitWriter();
  if (kind.extension !== undefined) writer.bits(kind.extension, 8);
  kind.write(descriptor as never, writer);
  return { tag: kind.tag, data: writer.toBytes() };
}

/** The first descriptor of a type, typed. */
export function firstOfType<T extends SiDescriptor["type"]>(
  list: readonly SiDescriptor[],
  type: T,
): Extract<SiDescriptor, { type: T }> | undefined {
  return list.find((d) => d.type === type) as Extract<SiDescriptor, { type: T }> | undefined;
}

/** All descriptors of a type, typed. */
export function allOfType<T extends SiDescriptor["type"]>(
  list: readonly SiDescriptor[],
  type: T,
): Extract<SiDescriptor, { type: T }>[] {
  return list.filter((d) => d.type === type) as Extract<SiDescriptor, { type: T }>[];
}
