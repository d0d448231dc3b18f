import fc from "fast-check";
import type { SiDescriptor } from "./descriptors.ts";

/** For tests only: arbitrary descriptors and times. */

/** `fc.record` with plain objects, which strict comparison asks for. */
export function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

const id = fc.integer({ min: 0, max: 0xffff });
const byte = fc.integer({ min: 0, max: 255 });
const code = fc.stringMatching(/^[a-z]{3}$/);
const text = fc.stringMatching(/^[A-Za-zéàüЖдя ]{0,24}$/u).map((t) => t.normalize("NFC"));
const bytes = fc.uint8Array({ maxLength: 12 });

/** Whole seconds within the first turn of the 16-bit day number. */
export const utcMs: fc.Arbitrary<number> = fc.integer({ min: 0, max: 2_155_000_000 }).map((s) => s * 1000);

export const descriptor: fc.Arbitrary<SiDescriptor> = fc.oneof(
  record({
    type: fc.constant("language" as const),
    languages: fc.array(record({ code, audioType: byte }), { maxLength: 4 }),
  }),
  record({ type: fc.constant("service" as const), serviceType: byte, provider: text, name: text }),
  record({ type: fc.constant("shortEvent" as const), language: code, name: text, text }),
  record({
    type: fc.constant("extendedEvent" as const),
    number: fc.nat(15),
    lastNumber: fc.nat(15),
    language: code,
    items: fc.array(record({ description: text, text }), { maxLength: 2 }),
    textBytes: bytes,
  }),
  record({
    type: fc.constant("content" as const),
    genres: fc.array(record({ level1: fc.nat(15), level2: fc.nat(15), user: byte }), { maxLength: 3 }),
  }),
  record({
    type: fc.constant("component" as const),
    streamContent: fc.nat(15),
    streamContentExtension: fc.nat(15),
    componentType: byte,
    componentTag: byte,
    language: code,
    text,
  }),
  record({
    type: fc.constant("parentalRating" as const),
    ratings: fc.array(record({ country: code, rating: byte }), { maxLength: 3 }),
  }),
  record({
    type: fc.constant("localTimeOffset" as const),
    regions: fc.array(
      record({
        country: code,
        regionId: fc.nat(63),
        offsetMinutes: fc.nat(14 * 60),
        changeMs: fc.option(utcMs, { nil: undefined }),
        nextOffsetMinutes: fc.nat(14 * 60),
      }),
      { maxLength: 3 },
    ),
  }),
  record({
    type: fc.constant("subtitling" as const),
    subtitles: fc.array(
      record({ language: code, subtitlingType: byte, compositionPage: id, ancillaryPage: id }),
      { maxLength: 3 },
    ),
  }),
  record({
    type: fc.constant("teletext" as const),
    pages: fc.array(
      record({ language: code, teletextType: fc.nat(31), page: fc.integer({ min: 100, max: 899 }) }),
      { maxLength: 3 },
    ),
  }),
  record({
    type: fc.constant("satellite" as const),
    frequencyHz: fc.nat(99_999_999).map((f) => f * 10_000),
    orbitalPosition: fc.integer({ min: -1800, max: 1800 }),
    polarization: fc.constantFrom("H" as const, "V" as const, "L" as const, "R" as const),
    rollOff: fc.nat(3),
    dvbS2: fc.boolean(),
    modulation: fc.nat(3),
    symbolRate: fc.nat(9_999_999).map((r) => r * 100),
    fecInner: fc.nat(15),
  }),
  record({ type: fc.constant("ca" as const), systemId: id, pid: fc.nat(0x1fff), privateData: bytes }),
  record({ type: fc.constant("raw" as const), tag: fc.integer({ min: 0x90, max: 0xfe }), data: bytes }),
);

export const descriptorList: fc.Arbitrary<SiDescriptor[]> = fc.array(descriptor, { maxLength: 4 });
