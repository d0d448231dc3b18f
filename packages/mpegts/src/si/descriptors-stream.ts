import type { BitWriter, ByteReader } from "@millrace/bytes";
import { type AnyKind, defineKind, readAll, readCode3, readRest, writeCode3 } from "./descriptor-kind.ts";
import { fromBcd, toBcd } from "./time.ts";

/** Descriptors of elementary streams in a PMT: EN 300 468 §6.2 and Annexes D, G, H. */
export interface StreamIdentifierDescriptor {
  readonly type: "streamIdentifier";
  readonly componentTag: number;
}

export interface TeletextPage {
  readonly language: string;
  /** Table 94: 1 initial page, 2 subtitles, 3 additional information, 4 schedule, 5 subtitles for the hard of hearing. */
  readonly teletextType: number;
  /** As dialled: 100 to 899. */
  readonly page: number;
}

export interface TeletextDescriptor {
  readonly type: "teletext" | "vbiTeletext";
  readonly pages: readonly TeletextPage[];
}

export interface SubtitlingDescriptor {
  readonly type: "subtitling";
  readonly subtitles: readonly {
    readonly language: string;
    /** Table 26, stream_content 3: 0x10–0x15 normal, 0x20–0x25 for the hard of hearing. */
    readonly subtitlingType: number;
    readonly compositionPage: number;
    readonly ancillaryPage: number;
  }[];
}

export interface DataBroadcastIdDescriptor {
  readonly type: "dataBroadcastId";
  readonly dataBroadcastId: number;
  readonly selector: Uint8Array;
}

/** AC-3 and enhanced AC-3 (Annex D). */
export interface Ac3Descriptor {
  readonly type: "ac3" | "eac3";
  readonly componentType?: number;
  readonly bsid?: number;
  readonly mainId?: number;
  readonly associatedService?: number;
  readonly mixInfo?: boolean;
  readonly substreams?: readonly [number | undefined, number | undefined, number | undefined];
  readonly rest: Uint8Array;
}

/** DTS audio (Annex G), as it stands. */
export interface DtsDescriptor {
  readonly type: "dts";
  readonly data: Uint8Array;
}

/** Annex H. */
export interface AacDescriptor {
  readonly type: "aac";
  readonly profileAndLevel: number;
  readonly aacType?: number;
  readonly saoc?: boolean;
}

export type StreamDescriptor =
  | StreamIdentifierDescriptor
  | TeletextDescriptor
  | SubtitlingDescriptor
  | DataBroadcastIdDescriptor
  | Ac3Descriptor
  | DtsDescriptor
  | AacDescriptor;

function readPage(reader: ByteReader): TeletextPage {
  const language = readCode3(reader);
  const flags = reader.u8();
  const magazine = flags & 7 || 8;
  return { language, teletextType: flags >> 3, page: magazine * 100 + fromBcd(reader.u8()) };
}

function teletextKind(type: "teletext" | "vbiTeletext", tag: number): AnyKind {
  return defineKind<TeletextDescriptor>({
    type,
    tag,
    read: (r) => ({ type, pages: readAll(r, readPage) }),
    write: (d, w) => {
      for (const page of d.pages) {
        writeCode3(w, page.language);
        w.bits(page.teletextType, 5)
          .bits(Math.floor(page.page / 100) & 7, 3)
          .bits(toBcd(page.page % 100), 8);
      }
    },
  });
}

function ac3Kind(type: "ac3" | "eac3", tag: number): AnyKind {
  return defineKind<Ac3Descriptor>({
    type,
    tag,
    read: (reader) => readAc3(type, reader),
    write: writeAc3,
  });
}

function readAc3(type: "ac3" | "eac3", reader: ByteReader): Ac3Descriptor {
  const flags = reader.u8();
  const optional = (mask: number) => (flags & mask ? reader.u8() : undefined);
  const componentType = optional(0x80);
  const bsid = optional(0x40);
  const mainId = optional(0x20);
  const associatedService = optional(0x10);
  const eac3 = type === "eac3";
  const substreams = eac3 && flags & 7 ? ([optional(4), optional(2), optional(1)] as const) : undefined;
  return {
    type,
    ...(componentType === undefined ? {} : { componentType }),
    ...(bsid === undefined ? {} : { bsid }),
    ...(mainId === undefined ? {} : { mainId }),
    ...(associatedService === undefined ? {} : { associatedService }),
    ...(eac3 ? { mixInfo: (flags & 8) !== 0 } : {}),
    ...(substreams === undefined ? {} : { substreams }),
    rest: readRest(reader),
  };
}

function writeAc3(d: Ac3Descriptor, writer: BitWriter): void {
  const fields = [d.componentType, d.bsid, d.mainId, d.associatedService];
  const streams = d.substreams ?? [undefined, undefined, undefined];
  for (const field of fields) writer.bit(field !== undefined);
  writer.bit(d.mixInfo === true);
  for (const field of streams) writer.bit(field !== undefined);
  for (const field of [...fields, ...streams]) if (field !== undefined) writer.bits(field, 8);
  writer.bytes(d.rest);
}

function readAac(reader: ByteReader): AacDescriptor {
  const profileAndLevel = reader.u8();
  if (reader.left === 0) return { type: "aac", profileAndLevel };
  const flags = reader.u8();
  const saoc = (flags & 0x40) !== 0;
  return {
    type: "aac",
    profileAndLevel,
    ...(flags & 0x80 ? { aacType: reader.u8() } : {}),
    ...(saoc ? { saoc } : {}),
  };
}

function writeAac(d: AacDescriptor, writer: BitWriter): void {
  writer.bits(d.profileAndLevel, 8);
  if (d.aacType === undefined && !d.saoc) return;
  writer
    .bit(d.aacType !== undefined)
    .bit(d.saoc === true)
    .bits(0, 6);
  if (d.aacType !== undefined) writer.bits(d.aacType, 8);
}

export const STREAM_KINDS: readonly AnyKind[] = [
  teletextKind("vbiTeletext", 0x46),
  teletextKind("teletext", 0x56),
  defineKind<StreamIdentifierDescriptor>({
    type: "streamIdentifier",
    tag: 0x52,
    read: (r) => ({ type: "streamIdentifier", componentTag: r.u8() }),
    write: (d, w) => void w.bits(d.componentTag, 8),
  }),
  defineKind<SubtitlingDescriptor>({
    type: "subtitling",
    tag: 0x59,
    read: (r) => ({
      type: "subtitling",
      subtitles: readAll(r, (entry) => ({
        language: readCode3(entry),
        subtitlingType: entry.u8(),
        compositionPage: entry.u16(),
        ancillaryPage: entry.u16(),
      })),
    }),
    write: (d, w) => {
      for (const s of d.subtitles) {
        writeCode3(w, s.language);
        w.bits(s.subtitlingType, 8).bits(s.compositionPage, 16).bits(s.ancillaryPage, 16);
      }
    },
  }),
  defineKind<DataBroadcastIdDescriptor>({
    type: "dataBroadcastId",
    tag: 0x66,
    read: (r) => ({ type: "dataBroadcastId", dataBroadcastId: r.u16(), selector: readRest(r) }),
    write: (d, w) => void w.bits(d.dataBroadcastId, 16).bytes(d.selector),
  }),
  ac3Kind("ac3", 0x6a),
  ac3Kind("eac3", 0x7a),
  defineKind<DtsDescriptor>({ type: "dts", tag: 0x7b, read: (r) => ({ type: "dts", data: readRest(r) }) }),
  defineKind<AacDescriptor>({ type: "aac", tag: 0x7c, read: readAac, write: writeAac }),
];
