import { TICKS_WRAP } from "@millrace/model";
import { PACKET_SIZE, pcrOf, readPcrBase, writePcr } from "../packet.ts";
import { wrapValue } from "../ts-time.ts";

/** Moves the PCR of the packet at `buf[at]` by `offset` 90 kHz ticks, modulo 2³³. */
export function movePcr(buf: Uint8Array, at: number, offset: number): void {
  const base = readPcrBase(buf, at + 6);
  const extension = pcrOf(buf, at) - base * 300;
  writePcr(buf, at + 6, wrapValue(base + offset, TICKS_WRAP) * 300 + extension);
}

/** Leaves of the packet at `buf[at]` its PCR only; its counter then repeats the last one (ISO/IEC 13818-1 §2.4.3.3). */
export function stripPayload(buf: Uint8Array, at: number, continuity: number): void {
  buf[at + 1] = (buf[at + 1] as number) & 0x1f;
  buf[at + 3] = 0x20 | (continuity & 0x0f);
  buf[at + 4] = PACKET_SIZE - 5;
  // The rest of the adaptation field may say things of the payload that is gone: keep PCR and discontinuity only.
  buf[at + 5] = (buf[at + 5] as number) & 0x90;
  buf.fill(0xff, at + 12, at + PACKET_SIZE);
}
