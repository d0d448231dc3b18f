import { PACKET } from "./capture.ts";

/** Breaks of continuity counters, as text; empty when there is none (ISO/IEC 13818-1 §2.4.3.3). */
export function continuityErrors(bytes: Uint8Array): string[] {
  const last = new Map<number, number>();
  const errors: string[] = [];
  for (let at = 0; at + PACKET <= bytes.length; at += PACKET) {
    if (bytes[at] !== 0x47) {
      errors.push(`no sync byte at ${at}`);
      continue;
    }
    const pid = (((bytes[at + 1] as number) & 0x1f) << 8) | (bytes[at + 2] as number);
    const flags = bytes[at + 3] as number;
    if (pid === 0x1fff || (flags & 0x10) === 0) continue;
    const cc = flags & 15;
    const before = last.get(pid);
    last.set(pid, cc);
    const announced =
      (flags & 0x20) !== 0 && (bytes[at + 4] as number) > 0 && ((bytes[at + 5] as number) & 0x80) !== 0;
    if (before === undefined || cc === ((before + 1) & 15) || cc === before || announced) continue;
    errors.push(`PID ${pid}: ${before} → ${cc} at packet ${at / PACKET}`);
  }
  return errors;
}

/** PTS of every PES packet of a PID, in ticks, in order. */
export function timestampsOf(bytes: Uint8Array, wanted: number): number[] {
  const stamps: number[] = [];
  for (let at = 0; at + PACKET <= bytes.length; at += PACKET) {
    const pid = (((bytes[at + 1] as number) & 0x1f) << 8) | (bytes[at + 2] as number);
    if (pid !== wanted || ((bytes[at + 1] as number) & 0x40) === 0) continue;
    const hasField = ((bytes[at + 3] as number) & 0x20) !== 0;
    const pes = at + 4 + (hasField ? 1 + (bytes[at + 4] as number) : 0);
    if (((bytes[pes + 7] as number) & 0x80) === 0) continue;
    const b = (i: number): number => bytes[pes + 9 + i] as number;
    stamps.push(((b(0) >> 1) & 7) * 2 ** 30 + (b(1) << 22) + ((b(2) >> 1) << 15) + (b(3) << 7) + (b(4) >> 1));
  }
  return stamps;
}
