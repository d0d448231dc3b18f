import { BitReader } from "@millrace/bytes";

/** splice_descriptor_tag (ANSI/SCTE 35 Table 16). */
export const SPLICE_DESCRIPTOR = { avail: 0, dtmf: 1, segmentation: 2, time: 3, audio: 4 } as const;
/** "CUEI", the identifier of the descriptors that the standard itself defines. */
export const CUEI = 0x43554549;

/** A descriptor of the section's loop; `unknown` carries those of others and those that are damaged. */
export type Scte35Descriptor =
  | { readonly kind: "avail"; readonly providerAvailId: number }
  | { readonly kind: "dtmf"; readonly prerollTenths: number; readonly digits: string }
  | SegmentationDescriptor
  | {
      readonly kind: "time";
      readonly taiSeconds: number;
      readonly taiNs: number;
      readonly utcOffsetSeconds: number;
    }
  | { readonly kind: "audio"; readonly components: readonly AudioComponent[] }
  | {
      readonly kind: "unknown";
      readonly tag: number;
      readonly identifier: number;
      readonly data: Uint8Array;
    };

export interface AudioComponent {
  readonly tag: number;
  readonly language: string;
  readonly bitStreamMode: number;
  readonly channels: number;
  readonly fullService: boolean;
}

/** segmentation_descriptor(), §10.3.3. With `cancelled`, all but the event id is at its zero. */
export interface SegmentationDescriptor {
  readonly kind: "segmentation";
  readonly eventId: number;
  readonly cancelled: boolean;
  /** Absent where delivery is not restricted. */
  readonly restrictions?: {
    readonly webDeliveryAllowed: boolean;
    readonly noRegionalBlackout: boolean;
    readonly archiveAllowed: boolean;
    readonly deviceRestrictions: number;
  };
  /** Where segmentation is not of the whole program. Offsets at 90 kHz. */
  readonly components?: readonly { readonly tag: number; readonly ptsOffset: number }[];
  /** 90 kHz. */
  readonly durationTicks?: number;
  readonly upidType: number;
  readonly upid: Uint8Array;
  readonly typeId: number;
  readonly segment: number;
  readonly segmentsExpected: number;
  readonly subSegment?: number;
  readonly subSegmentsExpected?: number;
}

/** Reads the loop `bytes[start..end)`. A descriptor whose length runs past the end closes the list. */
export function readSpliceDescriptors(bytes: Uint8Array, start: number, end: number): Scte35Descriptor[] {
  const descriptors: Scte35Descriptor[] = [];
  let at = start;
  while (at + 6 <= end) {
    const next = at + 2 + (bytes[at + 1] as number);
    if (next > end || next < at + 6) break;
    descriptors.push(readDescriptor(bytes, at, next));
    at = next;
  }
  return descriptors;
}

function readDescriptor(bytes: Uint8Array, at: number, end: number): Scte35Descriptor {
  const tag = bytes[at] as number;
  const reader = new BitReader(bytes, at + 2, end);
  const identifier = reader.bits(32);
  const known = identifier === CUEI ? readKnown(reader, tag) : undefined;
  if (known !== undefined && !reader.overrun) return known;
  return { kind: "unknown", tag, identifier, data: bytes.subarray(at + 6, end) };
}

function readKnown(reader: BitReader, tag: number): Scte35Descriptor | undefined {
  switch (tag) {
    case SPLICE_DESCRIPTOR.avail:
      return { kind: "avail", providerAvailId: reader.bits(32) };
    case SPLICE_DESCRIPTOR.dtmf: {
      const prerollTenths = reader.bits(8);
      const count = reader.bits(3);
      reader.skip(5);
      return { kind: "dtmf", prerollTenths, digits: readText(reader, count) };
    }
    case SPLICE_DESCRIPTOR.segmentation:
      return readSegmentation(reader);
    case SPLICE_DESCRIPTOR.time:
      return {
        kind: "time",
        taiSeconds: reader.wide(48),
        taiNs: reader.bits(32),
        utcOffsetSeconds: reader.bits(16),
      };
    case SPLICE_DESCRIPTOR.audio:
      return readAudio(reader);
    default:
      return undefined;
  }
}

function readSegmentation(reader: BitReader): SegmentationDescriptor {
  const eventId = reader.bits(32);
  const cancelled = reader.flag();
  reader.skip(7);
  const empty = { upidType: 0, upid: new Uint8Array(0), typeId: 0, segment: 0, segmentsExpected: 0 };
  if (cancelled) return { kind: "segmentation", eventId, cancelled, ...empty };
  const wholeProgram = reader.flag();
  const hasDuration = reader.flag();
  const restrictions = readRestrictions(reader);
  const components = wholeProgram ? undefined : readComponents(reader);
  const durationTicks = hasDuration ? reader.wide(40) : undefined;
  const upidType = reader.bits(8);
  const upid = readBytes(reader, reader.bits(8));
  const typeId = reader.bits(8);
  const segment = reader.bits(8);
  const segmentsExpected = reader.bits(8);
  // Present for some types, and only since the 2016 edition: the length tells.
  const sub =
    reader.left >= 16 ? { subSegment: reader.bits(8), subSegmentsExpected: reader.bits(8) } : undefined;
  return {
    kind: "segmentation",
    eventId,
    cancelled,
    ...(restrictions && { restrictions }),
    ...(components && { components }),
    ...(durationTicks !== undefined && { durationTicks }),
    upidType,
    upid,
    typeId,
    segment,
    segmentsExpected,
    ...sub,
  };
}

/** From delivery_not_restricted_flag on. */
function readRestrictions(reader: BitReader): SegmentationDescriptor["restrictions"] {
  if (reader.flag()) {
    reader.skip(5);
    return undefined;
  }
  return {
    webDeliveryAllowed: reader.flag(),
    noRegionalBlackout: reader.flag(),
    archiveAllowed: reader.flag(),
    deviceRestrictions: reader.bits(2),
  };
}

function readComponents(reader: BitReader): { tag: number; ptsOffset: number }[] {
  const components: { tag: number; ptsOffset: number }[] = [];
  const count = reader.bits(8);
  for (let i = 0; i < count && !reader.overrun; i++) {
    const tag = reader.bits(8);
    reader.skip(7);
    components.push({ tag, ptsOffset: reader.wide(33) });
  }
  return components;
}

function readAudio(reader: BitReader): Scte35Descriptor {
  const components: AudioComponent[] = [];
  const count = reader.bits(4);
  reader.skip(4);
  for (let i = 0; i < count && !reader.overrun; i++) {
    const tag = reader.bits(8);
    const language = readText(reader, 3);
    const bitStreamMode = reader.bits(3);
    const channels = reader.bits(4);
    components.push({ tag, language, bitStreamMode, channels, fullService: reader.flag() });
  }
  return { kind: "audio", components };
}

function readBytes(reader: BitReader, count: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(count, reader.left >> 3));
  for (let i = 0; i < bytes.length; i++) bytes[i] = reader.bits(8);
  if (bytes.length < count) reader.skip(8 * count);
  return bytes;
}

function readText(reader: BitReader, count: number): string {
  return String.fromCharCode(...readBytes(reader, count));
}
