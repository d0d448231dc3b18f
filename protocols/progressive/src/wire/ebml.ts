import { concat } from "@millrace/bytes";

/** EBML (RFC 8794): an element's ID as it stands in the file. */
export type ElementId = number;

/** Size of an element whose end is not known (RFC 8794 §6.2), in eight bytes. */
export const UNKNOWN_SIZE: Uint8Array = Uint8Array.of(0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);

function bytesOf(value: number, least = 1): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; rest > 0 || bytes.length < least; rest = Math.floor(rest / 256))
    bytes.unshift(rest % 256);
  return Uint8Array.from(bytes);
}

export function idBytes(id: ElementId): Uint8Array {
  return bytesOf(id);
}

/** A data size in as few bytes as it needs (§6.1). */
export function sizeBytes(size: number): Uint8Array {
  let length = 1;
  while (size >= 2 ** (7 * length) - 1) length++;
  const bytes = bytesOf(size, length);
  bytes[0] = (bytes[0] as number) | (0x80 >> (length - 1));
  return bytes;
}

export function element(id: ElementId, ...children: readonly Uint8Array[]): Uint8Array {
  const data = concat(children);
  return concat([idBytes(id), sizeBytes(data.length), data]);
}

export function unsigned(id: ElementId, value: number): Uint8Array {
  return element(id, bytesOf(value));
}

export function float64(id: ElementId, value: number): Uint8Array {
  const data = new Uint8Array(8);
  new DataView(data.buffer).setFloat64(0, value);
  return element(id, data);
}

export function text(id: ElementId, value: string): Uint8Array {
  return element(id, new TextEncoder().encode(value));
}
