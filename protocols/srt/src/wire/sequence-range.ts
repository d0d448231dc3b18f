/** Packet numbers have 31 bits. */
export const MAX_SEQUENCE = 0x7fff_ffff;
const HALF = 0x4000_0000;

/** Whether both are packet numbers and `last` is not before `first` on the circle of 2³¹. */
export function isRange(first: number, last: number): boolean {
  return first <= MAX_SEQUENCE && last <= MAX_SEQUENCE && ((last - first) & MAX_SEQUENCE) < HALF;
}
