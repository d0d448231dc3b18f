import { SEQUENCE_31 } from "@millrace/arq";
import type { Leg } from "./leg.ts";

/** The sender of a broadcast group: every leg carries every packet, under the same number and source time. */
export class BroadcastSender {
  /** Legs that were closed as they could not keep up. */
  refused = 0;
  readonly #legs: Leg[] = [];
  /** Number of the next packet; -1 while none is known. */
  #next: number;
  #refusing: Leg[] = [];

  constructor(firstSequence: number | undefined) {
    this.#next = firstSequence ?? -1;
  }

  get legs(): number {
    return this.#legs.length;
  }

  get joinSequence(): number {
    return this.#next;
  }

  has(id: number): boolean {
    return this.#legs.some((leg) => leg.id === id);
  }

  legUp(leg: Leg): void {
    if (this.has(leg.id)) return;
    if (this.#legs.length === 0) this.#next = leg.sendSequence;
    this.#legs.push(leg);
  }

  legDown(id: number): void {
    const index = this.#legs.findIndex((leg) => leg.id === id);
    if (index >= 0) this.#legs.splice(index, 1);
  }

  /** False: no leg took it, and it is lost. A leg that did not take what another took is closed, being out of step. */
  send(payload: Uint8Array, nowUs: number): boolean {
    const legs = this.#legs;
    const sequence = this.#next;
    let taken = false;
    for (let i = 0; i < legs.length; i++) {
      const leg = legs[i] as Leg;
      const inStep = leg.sendSequence === sequence || leg.restartAt(sequence);
      if (inStep && leg.send(payload, nowUs, nowUs)) taken = true;
      else this.#refusing.push(leg);
    }
    if (taken) this.#next = SEQUENCE_31.next(sequence);
    if (this.#refusing.length > 0) this.#closeRefusing(taken, nowUs);
    return taken;
  }

  #closeRefusing(taken: boolean, nowUs: number): void {
    const refusing = this.#refusing;
    this.#refusing = [];
    if (!taken) return;
    for (const leg of refusing) {
      this.legDown(leg.id);
      this.refused++;
      leg.close(nowUs);
    }
  }
}
