import type { ByteReader } from "@millrace/bytes";
import { type AnyKind, defineKind, readCode3, readRest, writeCode3 } from "./descriptor-kind.ts";

/** EN 300 468 §6.4.11. */
export interface SupplementaryAudioDescriptor {
  readonly type: "supplementaryAudio";
  /** 0: supplementary audio to be mixed by the receiver, 1: a complete and independent stream. */
  readonly mixType: number;
  /** Table 110: 0 main audio, 1 visually impaired, 2 hearing impaired, 3 spoken subtitles. */
  readonly editorialClassification: number;
  readonly language?: string;
  readonly privateData: Uint8Array;
}

/** Annex D.7. */
export interface Ac4Descriptor {
  readonly type: "ac4";
  readonly dialogueEnhancement?: boolean;
  /** Table D.9: 0 mono, 1 stereo, 2 multichannel. */
  readonly channelMode?: number;
  readonly toc: Uint8Array;
}

/** Opus in MPEG-TS: channel_config_code 1 to 8 is the number of channels in the Vorbis order, 0 dual mono. */
export interface OpusDescriptor {
  readonly type: "opus";
  readonly channelConfig: number;
}

/** SCTE 35 §8.2, private tag 0x8A. 0: inserts, null and schedules; 1: all commands; 2: segmentation… */
export interface CueIdentifierDescriptor {
  readonly type: "cueIdentifier";
  readonly cueStreamType: number;
}

export type ExtensionDescriptor =
  | SupplementaryAudioDescriptor
  | Ac4Descriptor
  | OpusDescriptor
  | CueIdentifierDescriptor;

function readSupplementaryAudio(reader: ByteReader): SupplementaryAudioDescriptor {
  const flags = reader.u8();
  return {
    type: "supplementaryAudio",
    mixType: flags >> 7,
    editorialClassification: (flags >> 2) & 31,
    ...(flags & 1 ? { language: readCode3(reader) } : {}),
    privateData: readRest(reader),
  };
}

function readAc4(reader: ByteReader): Ac4Descriptor {
  const flags = reader.u8();
  const config = flags & 0x80 ? reader.u8() : undefined;
  const tocLength = flags & 0x40 ? reader.u8() : 0;
  return {
    type: "ac4",
    ...(config === undefined
      ? {}
      : { dialogueEnhancement: (config & 0x80) !== 0, channelMode: (config >> 5) & 3 }),
    toc: reader.take(tocLength).slice(),
  };
}

export const EXTENSION_KINDS: readonly AnyKind[] = [
  defineKind<SupplementaryAudioDescriptor>({
    type: "supplementaryAudio",
    tag: 0x7f,
    extension: 0x06,
    read: readSupplementaryAudio,
    write: (d, w) => {
      w.bits(d.mixType, 1)
        .bits(d.editorialClassification, 5)
        .bits(1, 1)
        .bit(d.language !== undefined);
      if (d.language !== undefined) writeCode3(w, d.language);
      w.bytes(d.privateData);
    },
  }),
  defineKind<Ac4Descriptor>({ type: "ac4", tag: 0x7f, extension: 0x15, read: readAc4 }),
  defineKind<OpusDescriptor>({
    type: "opus",
    tag: 0x7f,
    extension: 0x80,
    read: (r) => ({ type: "opus", channelConfig: r.u8() }),
    write: (d, w) => void w.bits(d.channelConfig, 8),
  }),
];

export const CUE_IDENTIFIER_KIND: AnyKind = defineKind<CueIdentifierDescriptor>({
  type: "cueIdentifier",
  tag: 0x8a,
  read: (r) => ({ type: "cueIdentifier", cueStreamType: r.u8() }),
  write: (d, w) => void w.bits(d.cueStreamType, 8),
});
