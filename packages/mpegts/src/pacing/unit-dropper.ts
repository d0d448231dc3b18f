import {
  hasPayload,
  hasRandomAccess,
  hasUnitStart,
  PACKET_SIZE,
  PID_COUNT,
  payloadOffset,
} from "../packet.ts";
import { isVideo, NO_PES, stampsOf } from "../splice/pes-stamps.ts";

const PASS = 0;
const DROP = 1;

/**
 * Thins out a stream that does not fit: from `active` on, PES packets are dropped whole, those of video only unless
 * `everything` is set. Afterwards a PID goes on with its next PES packet, video with its next key frame if it marks them.
 * Continuity counters close up over what was dropped.
 */
export class UnitDropper {
  active = false;
  everything = false;
  readonly #state = new Uint8Array(PID_COUNT);
  readonly #marksKeys = new Uint8Array(PID_COUNT);
  readonly #missing = new Uint8Array(PID_COUNT);
  #dropping = 0;
  /** Packets dropped. */
  dropped = 0;

  /** Whether the packet at `buf[at]` is to be dropped. */
  drops(buf: Uint8Array, at: number): boolean {
    const pid = (((buf[at + 1] as number) & 0x1f) << 8) | (buf[at + 2] as number);
    if (hasUnitStart(buf, at)) this.#onUnit(buf, at, pid);
    if (this.#dropping === 0 || this.#state[pid] === PASS) return false;
    if (hasPayload(buf, at)) this.#missing[pid] = ((this.#missing[pid] as number) + 1) & 0x0f;
    this.dropped++;
    return true;
  }

  /** Closes up the continuity counter of a packet that stays, now at `buf[at]`. */
  renumber(buf: Uint8Array, at: number): void {
    if (this.dropped === 0) return;
    const pid = (((buf[at + 1] as number) & 0x1f) << 8) | (buf[at + 2] as number);
    const b3 = buf[at + 3] as number;
    buf[at + 3] = (b3 & 0xf0) | ((b3 - (this.#missing[pid] as number)) & 0x0f);
  }

  #onUnit(buf: Uint8Array, at: number, pid: number): void {
    const key = hasRandomAccess(buf, at);
    if (key) this.#marksKeys[pid] = 1;
    const payload = payloadOffset(buf, at);
    if (stampsOf(buf, payload, at + PACKET_SIZE) === NO_PES) return;
    const video = isVideo(buf, payload);
    if (this.#state[pid] === PASS) {
      if (!this.active || !(video || this.everything)) return;
      this.#state[pid] = DROP;
      this.#dropping++;
    } else if (!this.active && (key || !video || this.#marksKeys[pid] === 0)) {
      this.#state[pid] = PASS;
      this.#dropping--;
    }
  }
}
