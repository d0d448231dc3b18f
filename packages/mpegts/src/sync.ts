import { PACKET_SIZE, SYNC_BYTE } from "./packet.ts";

/**
 * Receives `count` packets of 188 bytes, one behind the other, at `buf[start]`. The bytes are the pushed array itself
 * where possible, else a scratch buffer: either way they are valid until the call returns.
 */
export type RunHandler = (buf: Uint8Array, start: number, count: number) => void;

/** Distances between sync bytes: plain, M2TS (4 bytes of arrival time before each), with 16 Reed-Solomon bytes behind. */
const STRIDES = [188, 192, 204] as const;
/** Sync bytes in a row that make a lock, and the number looked at where that many are at hand. */
const LOCK_MIN = 3;
const LOCK_BEST = 5;
/** Enough for `LOCK_BEST` packets of 204 bytes from any place in the first packet. */
const CARRY_SIZE = 1280;
/** Packets gathered into one run when they do not stand side by side. */
const GATHER_PACKETS = 128;

const NOT_FOUND = -1;
const UNDECIDED = -2;

/**
 * Finds packets in bytes that come in pieces of any size (ISO/IEC 13818-1 Annex G: sync acquisition and loss).
 *
 * Locks after 3 sync bytes at a distance of 188, 192 or 204 bytes (5 where they are at hand). When locked, one wrong sync
 * byte costs that packet only; two in a row start a new search, which looks into the last packet too, as bytes may have
 * been lost in it.
 */
export class PacketAligner {
  readonly #onRun: RunHandler;
  readonly #carry = new Uint8Array(CARRY_SIZE);
  #have = 0;
  /** Where `#search` stopped for want of bytes. */
  #undecidedAt = 0;
  /** Bytes of the next piece to pass over: the tail of a 204-byte packet. */
  #skip = 0;
  #stride = 0;
  #everLocked = false;
  #gather: Uint8Array | undefined;
  /** Packets handed on. */
  packets = 0;
  /** Bytes thrown away for not being in a packet; those of a packet with a wrong sync byte count too. */
  rubbishBytes = 0;
  /** Times that the lock was lost. */
  syncLosses = 0;
  /** Packets dropped for a wrong sync byte while the lock held. */
  badSyncBytes = 0;

  constructor(onRun: RunHandler) {
    this.#onRun = onRun;
  }

  /** Distance between packets as found: 188, 192 or 204; 0 without a lock. */
  get packetSize(): number {
    return this.#stride;
  }

  push(bytes: Uint8Array): void {
    let at = 0;
    if (this.#skip > 0) {
      at = Math.min(this.#skip, bytes.length);
      this.#skip -= at;
    }
    while (this.#have > 0 && at < bytes.length) {
      // Complete what was left over, then go on in the new piece itself as soon as the leftover ends inside it.
      const partial = this.#stride > 0 && this.#carry[0] === SYNC_BYTE && this.#have < PACKET_SIZE;
      const room = (partial ? PACKET_SIZE : CARRY_SIZE) - this.#have;
      const taken = Math.min(room, bytes.length - at);
      this.#carry.set(bytes.subarray(at, at + taken), this.#have);
      const end = this.#have + taken;
      const next = this.#process(this.#carry, 0, end);
      const left = end - next;
      if (left <= taken) {
        this.#have = 0;
        at += taken - left;
      } else {
        this.#carry.copyWithin(0, next, end);
        this.#have = left;
        at += taken;
      }
    }
    if (at >= bytes.length) {
      this.#skip += at - bytes.length;
      return;
    }
    const next = this.#process(bytes, at, bytes.length);
    if (next >= bytes.length) {
      this.#skip = next - bytes.length;
      return;
    }
    this.#carry.set(bytes.subarray(next));
    this.#have = bytes.length - next;
  }

  /** End of input: hands on what is whole, counts the rest as rubbish, and forgets the lock. */
  flush(): void {
    if (this.#stride === 0) {
      for (let at = 0; at + PACKET_SIZE <= this.#have; at++) {
        if (this.#carry[at] !== SYNC_BYTE || !this.#agreesToTheEnd(at)) continue;
        this.rubbishBytes += at;
        const count = Math.floor((this.#have - at) / PACKET_SIZE);
        this.#emit(this.#carry, at, count);
        this.#carry.copyWithin(0, at + count * PACKET_SIZE, this.#have);
        this.#have -= at + count * PACKET_SIZE;
        break;
      }
    }
    this.rubbishBytes += this.#have;
    this.reset();
  }

  /** Forgets bytes and lock, keeps the counters. */
  reset(): void {
    this.#have = 0;
    this.#skip = 0;
    this.#stride = 0;
    this.#everLocked = false;
  }

  #agreesToTheEnd(start: number): boolean {
    for (let at = start; at < this.#have; at += PACKET_SIZE) if (this.#carry[at] !== SYNC_BYTE) return false;
    return true;
  }

  /**
   * Hands on the packets of `buf[start, end)`. Returns where the unfinished rest begins; beyond `end` if what is missing
   * is only the tail of a 192- or 204-byte packet.
   */
  #process(buf: Uint8Array, start: number, end: number): number {
    let at = start;
    for (;;) {
      if (this.#stride === 0) {
        const found = this.#search(buf, at, end);
        const from = found >= 0 ? found : found === UNDECIDED ? this.#undecidedAt : end;
        this.rubbishBytes += from - at;
        if (found < 0) return from;
        if (!this.#everLocked) this.#firstLock();
        at = from;
      }
      at = this.#run(buf, at, end);
      if (this.#stride !== 0) return at;
    }
  }

  /** The arrival time before the first packet of an M2TS file is no rubbish. */
  #firstLock(): void {
    this.#everLocked = true;
    if (this.#stride === 192) this.rubbishBytes -= Math.min(4, this.rubbishBytes);
  }

  /** First place in `buf[from, end)` where a lock holds; sets the stride. Else `NOT_FOUND` or `UNDECIDED`. */
  #search(buf: Uint8Array, from: number, end: number): number {
    for (let at = from; at < end; at++) {
      if (buf[at] !== SYNC_BYTE) continue;
      for (const stride of STRIDES) {
        let good = 1;
        while (good < LOCK_BEST && at + good * stride < end && buf[at + good * stride] === SYNC_BYTE) good++;
        const short = at + good * stride >= end;
        if (good >= LOCK_BEST || (short && good >= LOCK_MIN)) {
          this.#stride = stride;
          return at;
        }
        if (short) {
          this.#undecidedAt = at;
          return UNDECIDED;
        }
      }
    }
    return NOT_FOUND;
  }

  /**
   * Locked, at the place of a sync byte: hands on packets until bytes are wanting, and returns where; or until the lock is
   * lost (stride 0), and returns from where to search.
   */
  #run(buf: Uint8Array, start: number, end: number): number {
    const stride = this.#stride;
    let from = start;
    for (;;) {
      let at = from;
      while (at + PACKET_SIZE <= end && buf[at] === SYNC_BYTE) at += stride;
      const count = (at - from) / stride;
      const wanting = at >= end || buf[at] === SYNC_BYTE || at + stride >= end;
      if (!wanting && buf[at + stride] !== SYNC_BYTE) return this.#lose(buf, at, { count, end });
      if (count > 0) this.#emit(buf, from, count);
      if (wanting) return at;
      this.badSyncBytes++;
      this.rubbishBytes += stride;
      from = at + stride;
    }
  }

  /** Two wrong sync bytes in a row, the first at `at`, after `count` packets. Returns from where to search. */
  #lose(buf: Uint8Array, at: number, { count, end }: { count: number; end: number }): number {
    const stride = this.#stride;
    const last = at - stride;
    // Bytes may be missing from the last packet: then the search finds a lock inside it.
    const found = count > 0 ? this.#search(buf, last + 1, end) : at;
    const whole = found < 0 || found >= at;
    this.#stride = stride;
    const good = whole ? count : count - 1;
    if (good > 0) this.#emit(buf, at - count * stride, good);
    this.#stride = 0;
    this.syncLosses++;
    if (whole) return at;
    this.rubbishBytes++;
    return last + 1;
  }

  #emit(buf: Uint8Array, start: number, count: number): void {
    this.packets += count;
    const stride = this.#stride === 0 ? PACKET_SIZE : this.#stride;
    if (stride === PACKET_SIZE) {
      this.#onRun(buf, start, count);
      return;
    }
    this.#gather ??= new Uint8Array(GATHER_PACKETS * PACKET_SIZE);
    const gather = this.#gather;
    for (let done = 0; done < count; done += GATHER_PACKETS) {
      const part = Math.min(GATHER_PACKETS, count - done);
      for (let i = 0; i < part; i++) {
        const from = start + (done + i) * stride;
        gather.set(buf.subarray(from, from + PACKET_SIZE), i * PACKET_SIZE);
      }
      this.#onRun(gather, 0, part);
    }
  }
}
