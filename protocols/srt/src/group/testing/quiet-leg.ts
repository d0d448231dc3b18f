import { SEQUENCE_31 } from "@millrace/arq";
import type { Leg } from "../leg.ts";

/** A leg whose answers the test gives itself. */
export class QuietLeg implements Leg {
  readonly id: number;
  readonly weight: number;
  rttUs = 10_000;
  rttVarianceUs = 1000;
  dropped = 0;
  lastHeardUs = 0;
  unacknowledged = 0;
  sendSequence: number;
  /** What it was given: number and source time. */
  readonly sent: { readonly sequence: number; readonly value: number; readonly originUs: number }[] = [];
  keepAlives = 0;
  closed = false;
  full = false;

  constructor(id: number, sendSequence: number, weight = 0) {
    this.id = id;
    this.sendSequence = sendSequence;
    this.weight = weight;
  }

  get sequences(): number[] {
    return this.sent.map(({ sequence }) => sequence);
  }

  restartAt(sequence: number): boolean {
    if (this.unacknowledged > 0) return false;
    this.sendSequence = sequence;
    return true;
  }

  send(payload: Uint8Array, originUs: number): boolean {
    if (this.full || this.closed) return false;
    const value = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
    this.sent.push({ sequence: this.sendSequence, value, originUs });
    this.sendSequence = SEQUENCE_31.next(this.sendSequence);
    this.unacknowledged++;
    return true;
  }

  /** The peer acknowledges all but the newest `keep`. */
  answer(nowUs: number, keep = 0): void {
    this.lastHeardUs = nowUs;
    this.unacknowledged = Math.min(this.unacknowledged, keep);
  }

  keepAlive(): void {
    this.keepAlives++;
  }

  close(): void {
    this.closed = true;
  }
}
