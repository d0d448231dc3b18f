import fc from "fast-check";
import { SEQUENCE_16, SEQUENCE_31, SEQUENCE_32, SequenceSpace } from "./sequence.ts";

/** Six bits wrap so often that every relation between numbers occurs. */
export const SEQUENCE_6 = new SequenceSpace(6);

/** A space, and a number close before its end. */
export const spaceAndStart = fc.record({
  space: fc.constantFrom(SEQUENCE_6, SEQUENCE_16, SEQUENCE_31, SEQUENCE_32),
  back: fc.integer({ min: 0, max: 40 }),
});

/** The number that lies `back` before the end of the space. */
export function startOf({ space, back }: { space: SequenceSpace; back: number }): number {
  return space.add(0, -1 - back);
}
