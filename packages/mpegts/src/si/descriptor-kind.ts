import { type BitWriter, ByteReader } from "@millrace/bytes";

/** One kind of descriptor: where it is found and how its payload is read and written. */
export interface DescriptorKind<T extends { readonly type: string }> {
  readonly type: T["type"];
  readonly tag: number;
  /** descriptor_tag_extension, where `tag` is 0x7F (EN 300 468 §6.4). */
  readonly extension?: number;
  /** Reads the payload; a reader that overran turns the descriptor into a raw one. */
  read(reader: ByteReader): T;
  readonly write?: (descriptor: T, writer: BitWriter) => void;
}

/** A kind whose precise type is forgotten, for tables of kinds. */
export interface AnyKind {
  readonly type: string;
  readonly tag: number;
  readonly extension: number | undefined;
  read(reader: ByteReader): { readonly type: string };
  readonly write: ((descriptor: never, writer: BitWriter) => void) | undefined;
}

export function defineKind<T extends { readonly type: string }>(kind: DescriptorKind<T>): AnyKind {
  return { ...kind, extension: kind.extension, write: kind.write };
}

/** Three letters of ISO 639-2 or ISO 3166, as they stand (8859-1). */
export function readCode3(reader: ByteReader): string {
  return latin(reader.take(3));
}

export function writeCode3(writer: BitWriter, code: string): void {
  for (let i = 0; i < 3; i++) writer.bits((code.charCodeAt(i) || 0x20) & 0xff, 8);
}

export function latin(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** Calls `read` until the reader is empty or overran. */
export function readAll<T>(reader: ByteReader, read: (reader: ByteReader) => T): T[] {
  const list: T[] = [];
  while (reader.left > 0 && !reader.overrun) list.push(read(reader));
  return list;
}

/** What is left, as a copy that outlives the section it came from. */
export function readRest(reader: ByteReader): Uint8Array {
  return reader.take(reader.left).slice();
}

/** A field behind an 8-bit length. */
export function readField8(reader: ByteReader): Uint8Array {
  const length = reader.u8();
  return reader.take(length);
}

export function writeField8(writer: BitWriter, bytes: Uint8Array): void {
  writer.bits(bytes.length, 8).bytes(bytes);
}

export function subReader(bytes: Uint8Array): ByteReader {
  return new ByteReader(bytes);
}
