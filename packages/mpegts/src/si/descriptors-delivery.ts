import type { BitWriter, ByteReader } from "@millrace/bytes";
import { type AnyKind, defineKind } from "./descriptor-kind.ts";
import { bcdNumber, packBcd } from "./time.ts";

/** EN 300 468 §6.2.13.2. Code-valued fields keep the codes of the standard. */
export interface SatelliteDescriptor {
  readonly type: "satellite";
  readonly frequencyHz: number;
  /** Tenths of a degree; west is negative. */
  readonly orbitalPosition: number;
  readonly polarization: "H" | "V" | "L" | "R";
  readonly rollOff: number;
  readonly dvbS2: boolean;
  readonly modulation: number;
  readonly symbolRate: number;
  readonly fecInner: number;
}

/** §6.2.13.1. */
export interface CableDescriptor {
  readonly type: "cable";
  readonly frequencyHz: number;
  readonly fecOuter: number;
  readonly modulation: number;
  readonly symbolRate: number;
  readonly fecInner: number;
}

/** §6.2.13.4. */
export interface TerrestrialDescriptor {
  readonly type: "terrestrial";
  readonly frequencyHz: number;
  /** MHz; undefined for the reserved codes. */
  readonly bandwidthMhz: 5 | 6 | 7 | 8 | undefined;
  readonly highPriority: boolean;
  readonly constellation: number;
  readonly hierarchy: number;
  readonly codeRateHp: number;
  readonly codeRateLp: number;
  readonly guardInterval: number;
  readonly transmissionMode: number;
  readonly otherFrequencies: boolean;
}

export type DeliveryDescriptor = SatelliteDescriptor | CableDescriptor | TerrestrialDescriptor;

const POLARIZATIONS = ["H", "V", "L", "R"] as const;
const BANDWIDTHS = [8, 7, 6, 5] as const;

function readSatellite(reader: ByteReader): SatelliteDescriptor {
  const frequencyHz = bcdNumber(reader.u32(), 8) * 10_000;
  const position = bcdNumber(reader.u16(), 4);
  const flags = reader.u8();
  const rate = reader.u32();
  return {
    type: "satellite",
    frequencyHz,
    orbitalPosition: flags & 0x80 || position === 0 ? position : -position,
    polarization: POLARIZATIONS[(flags >> 5) & 3] as "H" | "V" | "L" | "R",
    rollOff: (flags >> 3) & 3,
    dvbS2: (flags & 4) !== 0,
    modulation: flags & 3,
    symbolRate: bcdNumber(rate >>> 4, 7) * 100,
    fecInner: rate & 15,
  };
}

function writeSatellite(d: SatelliteDescriptor, writer: BitWriter): void {
  writer.bits(packBcd(d.frequencyHz / 10_000, 8), 32).bits(packBcd(Math.abs(d.orbitalPosition), 4), 16);
  writer.bit(d.orbitalPosition >= 0).bits(POLARIZATIONS.indexOf(d.polarization), 2);
  writer.bits(d.rollOff, 2).bit(d.dvbS2).bits(d.modulation, 2);
  writer.bits(packBcd(d.symbolRate / 100, 7), 28).bits(d.fecInner, 4);
}

function readCable(reader: ByteReader): CableDescriptor {
  const frequencyHz = bcdNumber(reader.u32(), 8) * 100;
  const fecOuter = reader.u16() & 15;
  const modulation = reader.u8();
  const rate = reader.u32();
  return {
    type: "cable",
    frequencyHz,
    fecOuter,
    modulation,
    symbolRate: bcdNumber(rate >>> 4, 7) * 100,
    fecInner: rate & 15,
  };
}

function writeCable(d: CableDescriptor, writer: BitWriter): void {
  writer
    .bits(packBcd(d.frequencyHz / 100, 8), 32)
    .bits(0xfff, 12)
    .bits(d.fecOuter, 4)
    .bits(d.modulation, 8);
  writer.bits(packBcd(d.symbolRate / 100, 7), 28).bits(d.fecInner, 4);
}

function readTerrestrial(reader: ByteReader): TerrestrialDescriptor {
  const frequencyHz = reader.u32() * 10;
  const bits = reader.u24();
  reader.skip(4); // reserved_future_use
  return {
    type: "terrestrial",
    frequencyHz,
    bandwidthMhz: BANDWIDTHS[bits >> 21],
    highPriority: ((bits >> 20) & 1) !== 0,
    constellation: (bits >> 14) & 3,
    hierarchy: (bits >> 11) & 7,
    codeRateHp: (bits >> 8) & 7,
    codeRateLp: (bits >> 5) & 7,
    guardInterval: (bits >> 3) & 3,
    transmissionMode: (bits >> 1) & 3,
    otherFrequencies: (bits & 1) !== 0,
  };
}

function writeTerrestrial(d: TerrestrialDescriptor, writer: BitWriter): void {
  const bandwidth = d.bandwidthMhz === undefined ? 7 : BANDWIDTHS.indexOf(d.bandwidthMhz);
  writer
    .bits(d.frequencyHz / 10, 32)
    .bits(bandwidth, 3)
    .bit(d.highPriority)
    .bits(0xf, 4);
  writer.bits(d.constellation, 2).bits(d.hierarchy, 3).bits(d.codeRateHp, 3).bits(d.codeRateLp, 3);
  writer.bits(d.guardInterval, 2).bits(d.transmissionMode, 2).bit(d.otherFrequencies).bits(0xffffffff, 32);
}

export const DELIVERY_KINDS: readonly AnyKind[] = [
  defineKind<SatelliteDescriptor>({
    type: "satellite",
    tag: 0x43,
    read: readSatellite,
    write: writeSatellite,
  }),
  defineKind<CableDescriptor>({ type: "cable", tag: 0x44, read: readCable, write: writeCable }),
  defineKind<TerrestrialDescriptor>({
    type: "terrestrial",
    tag: 0x5a,
    read: readTerrestrial,
    write: writeTerrestrial,
  }),
];
