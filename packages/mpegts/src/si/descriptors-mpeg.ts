import type { ByteReader } from "@millrace/bytes";
import {
  type AnyKind,
  defineKind,
  latin,
  readAll,
  readCode3,
  readRest,
  writeCode3,
} from "./descriptor-kind.ts";

/** ISO/IEC 13818-1 §2.6.2. */
export interface VideoStreamDescriptor {
  readonly type: "videoStream";
  readonly multipleFrameRate: boolean;
  /** Index into ISO/IEC 13818-2 table 6-4. */
  readonly frameRateCode: number;
  readonly mpeg1Only: boolean;
  readonly constrainedParameters: boolean;
  readonly stillPicture: boolean;
  readonly profileAndLevel?: number;
  readonly chromaFormat?: number;
}

/** §2.6.4. */
export interface AudioStreamDescriptor {
  readonly type: "audioStream";
  readonly freeFormat: boolean;
  readonly mpeg1: boolean;
  readonly layer: 1 | 2 | 3 | 0;
  readonly variableRate: boolean;
}

/** §2.6.8: who defined the stream's format. */
export interface RegistrationDescriptor {
  readonly type: "registration";
  /** Four characters, such as `HDMV`, `AC-3`, `Opus`, `CUEI`. */
  readonly format: string;
  readonly info: Uint8Array;
}

/** §2.6.16. */
export interface CaDescriptor {
  readonly type: "ca";
  readonly systemId: number;
  /** ECM PID in a PMT, EMM PID in a CAT. */
  readonly pid: number;
  readonly privateData: Uint8Array;
}

/** §2.6.18. */
export interface LanguageDescriptor {
  readonly type: "language";
  readonly languages: readonly {
    readonly code: string;
    /** 0 undefined, 1 clean effects, 2 hearing impaired, 3 visual impaired commentary. */
    readonly audioType: number;
  }[];
}

/** §2.6.26. */
export interface MaximumBitrateDescriptor {
  readonly type: "maximumBitrate";
  /** A multiple of 400. */
  readonly bitsPerSecond: number;
}

/** §2.6.60: what a metadata stream carries; ID3 is `ID3 ` in both identifiers. */
export interface MetadataDescriptor {
  readonly type: "metadata";
  readonly applicationFormat: number;
  readonly applicationIdentifier?: string;
  readonly format: number;
  readonly formatIdentifier?: string;
  readonly serviceId: number;
  /** decoder_config_flags and all that follows, as it stands. */
  readonly rest: Uint8Array;
}

/** §2.6.64. */
export interface AvcVideoDescriptor {
  readonly type: "avcVideo";
  readonly profileIdc: number;
  /** constraint_set0..5_flag and AVC_compatible_flags. */
  readonly constraints: number;
  readonly levelIdc: number;
  readonly stillPresent: boolean;
  readonly twentyFourHourPicture: boolean;
  readonly framePackingSeiNotPresent: boolean;
}

/** §2.6.95. */
export interface HevcVideoDescriptor {
  readonly type: "hevcVideo";
  readonly profileSpace: number;
  readonly tier: number;
  readonly profileIdc: number;
  readonly compatibilityFlags: number;
  readonly progressiveSource: boolean;
  readonly interlacedSource: boolean;
  readonly levelIdc: number;
}

export type MpegDescriptor =
  | VideoStreamDescriptor
  | AudioStreamDescriptor
  | RegistrationDescriptor
  | CaDescriptor
  | LanguageDescriptor
  | MaximumBitrateDescriptor
  | MetadataDescriptor
  | AvcVideoDescriptor
  | HevcVideoDescriptor;

function readVideoStream(reader: ByteReader): VideoStreamDescriptor {
  const flags = reader.u8();
  const base = {
    type: "videoStream",
    multipleFrameRate: (flags & 0x80) !== 0,
    frameRateCode: (flags >> 3) & 15,
    mpeg1Only: (flags & 4) !== 0,
    constrainedParameters: (flags & 2) !== 0,
    stillPicture: (flags & 1) !== 0,
  } as const;
  if (base.mpeg1Only) return base;
  const profileAndLevel = reader.u8();
  return { ...base, profileAndLevel, chromaFormat: reader.u8() >> 6 };
}

function readAudioStream(reader: ByteReader): AudioStreamDescriptor {
  const flags = reader.u8();
  const layerCode = (flags >> 4) & 3;
  return {
    type: "audioStream",
    freeFormat: (flags & 0x80) !== 0,
    mpeg1: (flags & 0x40) !== 0,
    layer: layerCode === 0 ? 0 : ((4 - layerCode) as 1 | 2 | 3),
    variableRate: (flags & 8) !== 0,
  };
}

function readMetadata(reader: ByteReader): MetadataDescriptor {
  const applicationFormat = reader.u16();
  const applicationIdentifier = applicationFormat === 0xffff ? latin(reader.take(4)) : undefined;
  const format = reader.u8();
  const formatIdentifier = format === 0xff ? latin(reader.take(4)) : undefined;
  return {
    type: "metadata",
    applicationFormat,
    ...(applicationIdentifier === undefined ? {} : { applicationIdentifier }),
    format,
    ...(formatIdentifier === undefined ? {} : { formatIdentifier }),
    serviceId: reader.u8(),
    rest: readRest(reader),
  };
}

function readAvcVideo(reader: ByteReader): AvcVideoDescriptor {
  const profileIdc = reader.u8();
  const constraints = reader.u8();
  const levelIdc = reader.u8();
  const flags = reader.u8();
  return {
    type: "avcVideo",
    profileIdc,
    constraints,
    levelIdc,
    stillPresent: (flags & 0x80) !== 0,
    twentyFourHourPicture: (flags & 0x40) !== 0,
    framePackingSeiNotPresent: (flags & 0x20) !== 0,
  };
}

function readHevcVideo(reader: ByteReader): HevcVideoDescriptor {
  const first = reader.u8();
  const compatibilityFlags = reader.u32();
  const source = reader.u8();
  reader.skip(5); // the rest of copied_44bits and its neighbours
  return {
    type: "hevcVideo",
    profileSpace: first >> 6,
    tier: (first >> 5) & 1,
    profileIdc: first & 31,
    compatibilityFlags,
    progressiveSource: (source & 0x80) !== 0,
    interlacedSource: (source & 0x40) !== 0,
    levelIdc: reader.u8(),
  };
}

export const MPEG_KINDS: readonly AnyKind[] = [
  defineKind<VideoStreamDescriptor>({ type: "videoStream", tag: 0x02, read: readVideoStream }),
  defineKind<AudioStreamDescriptor>({ type: "audioStream", tag: 0x03, read: readAudioStream }),
  defineKind<RegistrationDescriptor>({
    type: "registration",
    tag: 0x05,
    read: (r) => ({ type: "registration", format: latin(r.take(4)), info: readRest(r) }),
    write: (d, w) => {
      for (let i = 0; i < 4; i++) w.bits((d.format.charCodeAt(i) || 0x20) & 0xff, 8);
      w.bytes(d.info);
    },
  }),
  defineKind<CaDescriptor>({
    type: "ca",
    tag: 0x09,
    read: (r) => ({ type: "ca", systemId: r.u16(), pid: r.u16() & 0x1fff, privateData: readRest(r) }),
    write: (d, w) => {
      w.bits(d.systemId, 16)
        .bits(0xe000 | d.pid, 16)
        .bytes(d.privateData);
    },
  }),
  defineKind<LanguageDescriptor>({
    type: "language",
    tag: 0x0a,
    read: (r) => ({
      type: "language",
      languages: readAll(r, (entry) => ({ code: readCode3(entry), audioType: entry.u8() })),
    }),
    write: (d, w) => {
      for (const { code, audioType } of d.languages) {
        writeCode3(w, code);
        w.bits(audioType, 8);
      }
    },
  }),
  defineKind<MaximumBitrateDescriptor>({
    type: "maximumBitrate",
    tag: 0x0e,
    read: (r) => ({ type: "maximumBitrate", bitsPerSecond: (r.u24() & 0x3fffff) * 400 }),
    write: (d, w) => {
      w.bits(3, 2).bits(Math.ceil(d.bitsPerSecond / 400), 22);
    },
  }),
  defineKind<MetadataDescriptor>({
    type: "metadata",
    tag: 0x26,
    read: readMetadata,
    write: (d, w) => {
      w.bits(d.applicationFormat, 16);
      for (const c of d.applicationIdentifier ?? "") w.bits(c.charCodeAt(0) & 0xff, 8);
      w.bits(d.format, 8);
      for (const c of d.formatIdentifier ?? "") w.bits(c.charCodeAt(0) & 0xff, 8);
      w.bits(d.serviceId, 8).bytes(d.rest);
    },
  }),
  defineKind<AvcVideoDescriptor>({ type: "avcVideo", tag: 0x28, read: readAvcVideo }),
  defineKind<HevcVideoDescriptor>({ type: "hevcVideo", tag: 0x38, read: readHevcVideo }),
];
