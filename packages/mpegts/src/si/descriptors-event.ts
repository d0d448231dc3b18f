import type { BitWriter, ByteReader } from "@millrace/bytes";
import {
  type AnyKind,
  defineKind,
  readAll,
  readCode3,
  readField8,
  subReader,
  writeCode3,
  writeField8,
} from "./descriptor-kind.ts";
import { decodeText } from "./text.ts";
import { encodeText } from "./text-encode.ts";

/** Descriptors of events: EN 300 468 §6.2. */
export interface ShortEventDescriptor {
  readonly type: "shortEvent";
  readonly language: string;
  readonly name: string;
  readonly text: string;
}

/**
 * One of up to sixteen parts. The texts of the parts are one text: a character may be split between two parts, so the
 * bytes are kept; `joinExtendedEvent` reads them together.
 */
export interface ExtendedEventDescriptor {
  readonly type: "extendedEvent";
  readonly number: number;
  readonly lastNumber: number;
  readonly language: string;
  readonly items: readonly { readonly description: string; readonly text: string }[];
  readonly textBytes: Uint8Array;
}

export interface ComponentDescriptor {
  readonly type: "component";
  /** Table 26: 1 MPEG-2 video, 2 MPEG-1 audio, 3 teletext/subtitles, 4 AC-3, 5 AVC, 6 HE-AAC, 9 HEVC… */
  readonly streamContent: number;
  readonly streamContentExtension: number;
  readonly componentType: number;
  readonly componentTag: number;
  readonly language: string;
  readonly text: string;
}

export interface ContentDescriptor {
  readonly type: "content";
  /** Table 28: the genre in `level1`, its kind in `level2`. */
  readonly genres: readonly { readonly level1: number; readonly level2: number; readonly user: number }[];
}

export interface ParentalRatingDescriptor {
  readonly type: "parentalRating";
  readonly ratings: readonly {
    readonly country: string;
    /** As coded: 1 to 15 mean an age of three more. */
    readonly rating: number;
  }[];
}

export type EventDescriptor =
  | ShortEventDescriptor
  | ExtendedEventDescriptor
  | ComponentDescriptor
  | ContentDescriptor
  | ParentalRatingDescriptor;

function readExtendedEvent(reader: ByteReader): ExtendedEventDescriptor {
  const numbers = reader.u8();
  const language = readCode3(reader);
  const items = readAll(subReader(readField8(reader)), (item) => ({
    description: decodeText(readField8(item)),
    text: decodeText(readField8(item)),
  }));
  return {
    type: "extendedEvent",
    number: numbers >> 4,
    lastNumber: numbers & 15,
    language,
    items,
    textBytes: readField8(reader).slice(),
  };
}

function writeExtendedEvent(d: ExtendedEventDescriptor, writer: BitWriter): void {
  writer.bits(d.number, 4).bits(d.lastNumber, 4);
  writeCode3(writer, d.language);
  const fields = d.items.flatMap((item) => [encodeText(item.description, 255), encodeText(item.text, 255)]);
  writer.bits(
    fields.reduce((sum, field) => sum + 1 + field.length, 0),
    8,
  );
  for (const field of fields) writeField8(writer, field);
  writeField8(writer, d.textBytes);
}

function readComponent(reader: ByteReader): ComponentDescriptor {
  const content = reader.u8();
  return {
    type: "component",
    streamContent: content & 15,
    streamContentExtension: content >> 4,
    componentType: reader.u8(),
    componentTag: reader.u8(),
    language: readCode3(reader),
    text: decodeText(reader.take(reader.left)),
  };
}

export const EVENT_KINDS: readonly AnyKind[] = [
  defineKind<ShortEventDescriptor>({
    type: "shortEvent",
    tag: 0x4d,
    read: (r) => ({
      type: "shortEvent",
      language: readCode3(r),
      name: decodeText(readField8(r)),
      text: decodeText(readField8(r)),
    }),
    write: (d, w) => {
      const name = encodeText(d.name, 200);
      writeCode3(w, d.language);
      writeField8(w, name);
      writeField8(w, encodeText(d.text, 250 - name.length));
    },
  }),
  defineKind<ExtendedEventDescriptor>({
    type: "extendedEvent",
    tag: 0x4e,
    read: readExtendedEvent,
    write: writeExtendedEvent,
  }),
  defineKind<ComponentDescriptor>({
    type: "component",
    tag: 0x50,
    read: readComponent,
    write: (d, w) => {
      w.bits(d.streamContentExtension, 4).bits(d.streamContent, 4);
      w.bits(d.componentType, 8).bits(d.componentTag, 8);
      writeCode3(w, d.language);
      w.bytes(encodeText(d.text, 249));
    },
  }),
  defineKind<ContentDescriptor>({
    type: "content",
    tag: 0x54,
    read: (r) => ({
      type: "content",
      genres: readAll(r, (entry) => {
        const levels = entry.u8();
        return { level1: levels >> 4, level2: levels & 15, user: entry.u8() };
      }),
    }),
    write: (d, w) => {
      for (const g of d.genres) w.bits(g.level1, 4).bits(g.level2, 4).bits(g.user, 8);
    },
  }),
  defineKind<ParentalRatingDescriptor>({
    type: "parentalRating",
    tag: 0x55,
    read: (r) => ({
      type: "parentalRating",
      ratings: readAll(r, (entry) => ({ country: readCode3(entry), rating: entry.u8() })),
    }),
    write: (d, w) => {
      for (const { country, rating } of d.ratings) {
        writeCode3(w, country);
        w.bits(rating, 8);
      }
    },
  }),
];
