import { concat } from "@millrace/bytes";

/** One descriptor of a loop (ISO/IEC 13818-1 §2.6), raw. */
export interface RawDescriptor {
  readonly tag: number;
  /** What follows descriptor_length: a view into the loop. */
  readonly data: Uint8Array;
}

/** The descriptors of a loop in order; ends silently at one that claims more bytes than there are. */
export function* iterateDescriptors(loop: Uint8Array): Generator<RawDescriptor, void, undefined> {
  let at = 0;
  while (at + 2 <= loop.length) {
    const end = at + 2 + (loop[at + 1] as number);
    if (end > loop.length) return;
    yield { tag: loop[at] as number, data: loop.subarray(at + 2, end) };
    at = end;
  }
}

/** The data of the first descriptor with this tag. */
export function findDescriptor(loop: Uint8Array, tag: number): Uint8Array | undefined {
  for (const descriptor of iterateDescriptors(loop)) if (descriptor.tag === tag) return descriptor.data;
  return undefined;
}

/** Whether a registration_descriptor (§2.6.8) with this four-character format_identifier is there. */
export function hasRegistration(loop: Uint8Array, format: string): boolean {
  for (const { tag, data } of iterateDescriptors(loop)) {
    if (tag === 0x05 && data.length >= 4 && String.fromCharCode(...data.subarray(0, 4)) === format)
      return true;
  }
  return false;
}

/** The bytes of one descriptor. */
export function buildDescriptor(tag: number, data: Uint8Array | readonly number[]): Uint8Array {
  return Uint8Array.of(tag, data.length, ...data);
}

/** A registration_descriptor, with additional_identification_info if given. */
export function buildRegistration(format: string, info: readonly number[] = []): Uint8Array {
  return buildDescriptor(0x05, [...Array.from(format, (c) => c.charCodeAt(0)), ...info]);
}

/** A loop of the given descriptors. */
export function buildLoop(descriptors: readonly Uint8Array[]): Uint8Array {
  return concat(descriptors);
}
