import type { BitWriter, ByteReader } from "@millrace/bytes";
import {
  type AnyKind,
  defineKind,
  readAll,
  readCode3,
  readField8,
  readRest,
  writeCode3,
  writeField8,
} from "./descriptor-kind.ts";
import { decodeText } from "./text.ts";
import { encodeText } from "./text-encode.ts";
import { fromBcd, readUtcTime, toBcd, writeUtcTime } from "./time.ts";

/** Descriptors of networks, bouquets and services: EN 300 468 §6.2, private ones where marked. */
export interface NetworkNameDescriptor {
  readonly type: "networkName";
  readonly name: string;
}

export interface BouquetNameDescriptor {
  readonly type: "bouquetName";
  readonly name: string;
}

export interface ServiceListDescriptor {
  readonly type: "serviceList";
  readonly services: readonly { readonly serviceId: number; readonly serviceType: number }[];
}

export interface ServiceDescriptor {
  readonly type: "service";
  /** Table 89: 1 SD television, 2 radio, 25 HD television (H.264), 31 HEVC… */
  readonly serviceType: number;
  readonly provider: string;
  readonly name: string;
}

export interface LinkageDescriptor {
  readonly type: "linkage";
  readonly transportStreamId: number;
  readonly originalNetworkId: number;
  readonly serviceId: number;
  readonly linkageType: number;
  readonly privateData: Uint8Array;
}

export interface CaIdentifierDescriptor {
  readonly type: "caIdentifier";
  readonly systemIds: readonly number[];
}

export interface PrivateDataSpecifierDescriptor {
  readonly type: "privateDataSpecifier";
  readonly specifier: number;
}

export interface LocalTimeOffsetDescriptor {
  readonly type: "localTimeOffset";
  readonly regions: readonly {
    readonly country: string;
    readonly regionId: number;
    /** Local time minus UTC, minutes; west is negative. */
    readonly offsetMinutes: number;
    /** UTC, milliseconds; undefined where no change is known. */
    readonly changeMs: number | undefined;
    readonly nextOffsetMinutes: number;
  }[];
}

/** logical_channel_descriptor (EACEM, NorDig and others): private, tag 0x83. */
export interface LogicalChannelDescriptor {
  readonly type: "logicalChannel";
  readonly channels: readonly {
    readonly serviceId: number;
    readonly visible: boolean;
    readonly number: number;
  }[];
}

export type NetworkDescriptor =
  | NetworkNameDescriptor
  | BouquetNameDescriptor
  | ServiceListDescriptor
  | ServiceDescriptor
  | LinkageDescriptor
  | CaIdentifierDescriptor
  | PrivateDataSpecifierDescriptor
  | LocalTimeOffsetDescriptor
  | LogicalChannelDescriptor;

function readOffset(time: number, negative: boolean): number {
  const minutes = fromBcd(time >> 8) * 60 + fromBcd(time & 255);
  return negative && minutes !== 0 ? -minutes : minutes;
}

function writeOffset(writer: BitWriter, minutes: number): void {
  const size = Math.abs(minutes);
  writer.bits(toBcd(Math.floor(size / 60)), 8).bits(toBcd(size % 60), 8);
}

function readRegion(reader: ByteReader): LocalTimeOffsetDescriptor["regions"][number] {
  const country = readCode3(reader);
  const flags = reader.u8();
  const negative = (flags & 1) !== 0;
  const offsetMinutes = readOffset(reader.u16(), negative);
  const changeMs = readUtcTime(reader);
  return {
    country,
    regionId: flags >> 2,
    offsetMinutes,
    changeMs,
    nextOffsetMinutes: readOffset(reader.u16(), negative),
  };
}

function writeLocalTimeOffset(descriptor: LocalTimeOffsetDescriptor, writer: BitWriter): void {
  for (const region of descriptor.regions) {
    const negative = region.offsetMinutes < 0 || region.nextOffsetMinutes < 0;
    writeCode3(writer, region.country);
    writer.bits(region.regionId, 6).bits(1, 1).bit(negative);
    writeOffset(writer, region.offsetMinutes);
    writeUtcTime(writer, region.changeMs);
    writeOffset(writer, region.nextOffsetMinutes);
  }
}

export const NETWORK_KINDS: readonly AnyKind[] = [
  defineKind<NetworkNameDescriptor>({
    type: "networkName",
    tag: 0x40,
    read: (r) => ({ type: "networkName", name: decodeText(r.take(r.left)) }),
    write: (d, w) => void w.bytes(encodeText(d.name, 255)),
  }),
  defineKind<ServiceListDescriptor>({
    type: "serviceList",
    tag: 0x41,
    read: (r) => ({
      type: "serviceList",
      services: readAll(r, (s) => ({ serviceId: s.u16(), serviceType: s.u8() })),
    }),
    write: (d, w) => {
      for (const s of d.services) w.bits(s.serviceId, 16).bits(s.serviceType, 8);
    },
  }),
  defineKind<BouquetNameDescriptor>({
    type: "bouquetName",
    tag: 0x47,
    read: (r) => ({ type: "bouquetName", name: decodeText(r.take(r.left)) }),
    write: (d, w) => void w.bytes(encodeText(d.name, 255)),
  }),
  defineKind<ServiceDescriptor>({
    type: "service",
    tag: 0x48,
    read: (r) => ({
      type: "service",
      serviceType: r.u8(),
      provider: decodeText(readField8(r)),
      name: decodeText(readField8(r)),
    }),
    write: (d, w) => {
      const provider = encodeText(d.provider, 100);
      w.bits(d.serviceType, 8);
      writeField8(w, provider);
      writeField8(w, encodeText(d.name, 252 - provider.length));
    },
  }),
  defineKind<LinkageDescriptor>({
    type: "linkage",
    tag: 0x4a,
    read: (r) => ({
      type: "linkage",
      transportStreamId: r.u16(),
      originalNetworkId: r.u16(),
      serviceId: r.u16(),
      linkageType: r.u8(),
      privateData: readRest(r),
    }),
    write: (d, w) => {
      w.bits(d.transportStreamId, 16).bits(d.originalNetworkId, 16).bits(d.serviceId, 16);
      w.bits(d.linkageType, 8).bytes(d.privateData);
    },
  }),
  defineKind<CaIdentifierDescriptor>({
    type: "caIdentifier",
    tag: 0x53,
    read: (r) => ({ type: "caIdentifier", systemIds: readAll(r, (id) => id.u16()) }),
    write: (d, w) => {
      for (const id of d.systemIds) w.bits(id, 16);
    },
  }),
  defineKind<LocalTimeOffsetDescriptor>({
    type: "localTimeOffset",
    tag: 0x58,
    read: (r) => ({ type: "localTimeOffset", regions: readAll(r, readRegion) }),
    write: writeLocalTimeOffset,
  }),
  defineKind<PrivateDataSpecifierDescriptor>({
    type: "privateDataSpecifier",
    tag: 0x5f,
    read: (r) => ({ type: "privateDataSpecifier", specifier: r.u32() }),
    write: (d, w) => void w.bits(d.specifier, 32),
  }),
];

export const LOGICAL_CHANNEL_KIND: AnyKind = defineKind<LogicalChannelDescriptor>({
  type: "logicalChannel",
  tag: 0x83,
  read: (r) => ({
    type: "logicalChannel",
    channels: readAll(r, (entry) => {
      const serviceId = entry.u16();
      const flags = entry.u16();
      return { serviceId, visible: (flags & 0x8000) !== 0, number: flags & 0x3ff };
    }),
  }),
  write: (d, w) => {
    for (const c of d.channels) w.bits(c.serviceId, 16).bit(c.visible).bits(0x1f, 5).bits(c.number, 10);
  },
});
