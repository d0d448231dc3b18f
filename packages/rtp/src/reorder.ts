import { RtpPacket } from "./packet.ts";
import { sequenceDifference } from "./sequence.ts";

/** Jumps ahead of this many packets are taken for a restart of the sender, not for loss (RFC 3550 §A.1). */
const MAX_DROPOUT = 3000;
/** As many old packets in a row, and none new between, mean that the source numbers anew a little further back. */
const MIN_OLD_RUN = 64;

/** Where packets go, in order. */
export interface ReorderSink {
  /** The view and its memory are valid during the call only. */
  packet(packet: RtpPacket): void;
  /** `lost` packets before the next one will not come. */
  gap(lost: number): void;
  /** Another source, or the same one numbering anew: what comes next has nothing to do with what came before. */
  restart(): void;
}

export interface ReorderOptions {
  /** Packets that may wait for a missing one; a power of two, at most 2048. */
  readonly depth: number;
  /** How long they may wait, nanoseconds. 0 delivers at once and counts every gap as loss. */
  readonly maxDelayNs: number;
}

/** Numbers only grow. */
export interface ReorderCounters {
  received: number;
  delivered: number;
  /** Given up on. */
  lost: number;
  /** Came after they had been given up on; dropped. */
  late: number;
  duplicate: number;
  /** Came behind a later one, in time. */
  reordered: number;
  /** From another source or far off in number, and not confirmed by a second packet; dropped. */
  stray: number;
  /** Changes of the synchronization source. */
  sourceChanges: number;
  /** Jumps of the numbering by one and the same source. */
  sequenceRestarts: number;
}

/**
 * Puts RTP packets of one source back in order. In-order packets pass through without a copy; packets behind a hole
 * are copied and wait until it is filled, too old or too many wait.
 *
 * A packet from another source, or with a number far off, is held until the next one, near it in number, confirms it
 * (RFC 3550 §A.1, probation), so that a stray packet does no harm.
 */
export class ReorderBuffer {
  readonly counters: ReorderCounters = {
    received: 0,
    delivered: 0,
    lost: 0,
    late: 0,
    duplicate: 0,
    reordered: 0,
    stray: 0,
    sourceChanges: 0,
    sequenceRestarts: 0,
  };

  readonly #sink: ReorderSink;
  readonly #depth: number;
  readonly #mask: number;
  readonly #maxDelayNs: number;
  /** Sequence number waiting in each slot, -1 where none. */
  readonly #held: Int32Array;
  /** Sequence number delivered last through each slot, -1 where none: tells duplicates from late packets. */
  readonly #done: Int32Array;
  readonly #heldNs: Float64Array;
  readonly #bytes: Uint8Array[] = [];
  readonly #sizes: Int32Array;
  readonly #view = new RtpPacket();
  #heldCount = 0;
  #started = false;
  #ssrc = 0;
  /** The next number in order. */
  #expected = 0;
  /** When the first hole began to hold packets up. */
  #holeNs = 0;
  /** Old packets in a row, and the number that would continue the run. */
  #oldRun = 0;
  #oldNext = -1;
  #trial: Uint8Array = new Uint8Array(0);
  #trialSize = 0;
  #trialSsrc = 0;
  /** Number of the packet on trial, -1 where none is. */
  #trialSequence = -1;

  constructor(options: ReorderOptions, sink: ReorderSink) {
    const depth = 2 ** Math.ceil(Math.log2(Math.min(2048, Math.max(2, options.depth))));
    this.#depth = depth;
    this.#mask = depth - 1;
    this.#maxDelayNs = options.maxDelayNs;
    this.#held = new Int32Array(depth).fill(-1);
    this.#done = new Int32Array(depth).fill(-1);
    this.#heldNs = new Float64Array(depth);
    this.#sizes = new Int32Array(depth);
    this.#sink = sink;
  }

  /** When `poll` has something to do at the latest; `Infinity` while nothing waits. */
  get deadlineNs(): number {
    return this.#heldCount === 0 ? Number.POSITIVE_INFINITY : this.#holeNs + this.#maxDelayNs;
  }

  /** Packets that wait. */
  get waiting(): number {
    return this.#heldCount;
  }

  /** Takes in one packet, which arrived at `nowNs`. */
  push(packet: RtpPacket, nowNs: number): void {
    this.counters.received++;
    if (!this.#started) this.#begin(packet.ssrc, packet.sequence);
    const ahead = sequenceDifference(packet.sequence, this.#expected);
    if (packet.ssrc !== this.#ssrc || ahead > MAX_DROPOUT || ahead < -MAX_DROPOUT) {
      this.#tryRestart(packet, nowNs);
      return;
    }
    this.#endTrial();
    if (ahead < 0) {
      this.#pushOld(packet);
      return;
    }
    this.#oldRun = 0;
    if (ahead === 0) this.#deliverInOrder(packet);
    else this.#hold(packet, nowNs);
    if (this.#heldCount > 0) this.poll(nowNs);
  }

  /** Gives up on packets that are overdue at `nowNs`. */
  poll(nowNs: number): void {
    while (this.#heldCount > 0 && nowNs >= this.#holeNs + this.#maxDelayNs) this.#skipHole();
  }

  /** Delivers all that waits, at the end of a stream. */
  flush(): void {
    while (this.#heldCount > 0) this.#skipHole();
  }

  #begin(ssrc: number, sequence: number): void {
    this.#started = true;
    this.#ssrc = ssrc;
    this.#expected = sequence;
    this.#done.fill(-1);
    this.#trialSequence = -1;
    this.#oldRun = 0;
  }

  #deliverInOrder(packet: RtpPacket): void {
    if (this.#heldCount > 0) this.counters.reordered++;
    this.#emit(packet);
    this.#drain();
  }

  #emit(packet: RtpPacket): void {
    this.#done[packet.sequence & this.#mask] = packet.sequence;
    this.#expected = (packet.sequence + 1) & 0xffff;
    this.counters.delivered++;
    this.#sink.packet(packet);
  }

  /** Delivers what waits without a hole before it, and finds out since when the next hole is open. */
  #drain(): void {
    while (this.#heldCount > 0) {
      const slot = this.#expected & this.#mask;
      if (this.#held[slot] !== this.#expected) break;
      this.#held[slot] = -1;
      this.#heldCount--;
      const bytes = this.#bytes[slot] as Uint8Array;
      this.#view.parse(bytes, 0, this.#sizes[slot] as number);
      this.#emit(this.#view);
    }
    if (this.#heldCount > 0) this.#holeNs = this.#heldNs[this.#nextHeld() & this.#mask] as number;
  }

  /** The lowest number that waits; only to be asked while something does. */
  #nextHeld(): number {
    let sequence = this.#expected;
    while (this.#held[sequence & this.#mask] !== sequence) sequence = (sequence + 1) & 0xffff;
    return sequence;
  }

  #skipHole(): void {
    this.#lose(sequenceDifference(this.#nextHeld(), this.#expected));
    this.#drain();
  }

  /** Gives up on the next `count` numbers. */
  #lose(count: number): void {
    if (count <= 0) return;
    this.counters.lost += count;
    this.#expected = (this.#expected + count) & 0xffff;
    this.#sink.gap(count);
  }

  #hold(packet: RtpPacket, nowNs: number): void {
    const { sequence } = packet;
    // Too far ahead for the slots: give up on as many as it takes.
    while (sequenceDifference(sequence, this.#expected) >= this.#depth) {
      if (this.#heldCount > 0) this.#skipHole();
      else this.#lose(sequenceDifference(sequence, this.#expected) - this.#depth + 1);
    }
    if (sequence === this.#expected) {
      this.#emit(packet);
      this.#drain();
      return;
    }
    const slot = sequence & this.#mask;
    if (this.#held[slot] === sequence) {
      this.counters.duplicate++;
      return;
    }
    if (this.#heldCount === 0) this.#holeNs = nowNs;
    else if (sequenceDifference(this.#nextHeld(), sequence) > 0) this.counters.reordered++;
    this.#held[slot] = sequence;
    this.#heldNs[slot] = nowNs;
    this.#bytes[slot] = store(packet, this.#bytes[slot]);
    this.#sizes[slot] = packet.end - packet.start;
    this.#heldCount++;
  }

  #pushOld(packet: RtpPacket): void {
    const { sequence } = packet;
    this.#oldRun = sequence === this.#oldNext ? this.#oldRun + 1 : 1;
    this.#oldNext = (sequence + 1) & 0xffff;
    if (this.#oldRun > Math.max(MIN_OLD_RUN, this.#depth)) {
      this.#restart(packet.ssrc, sequence);
      this.#emit(packet);
    } else if (this.#done[sequence & this.#mask] === sequence) {
      this.counters.duplicate++;
    } else {
      this.counters.late++;
    }
  }

  #restart(ssrc: number, sequence: number): void {
    this.flush();
    if (ssrc === this.#ssrc) this.counters.sequenceRestarts++;
    else this.counters.sourceChanges++;
    this.#sink.restart();
    this.#begin(ssrc, sequence);
  }

  /** The packet on trial was not confirmed. */
  #endTrial(): void {
    if (this.#trialSequence >= 0) this.counters.stray++;
    this.#trialSequence = -1;
  }

  #tryRestart(packet: RtpPacket, nowNs: number): void {
    const { ssrc, sequence } = packet;
    const step = sequenceDifference(sequence, this.#trialSequence);
    const near = step !== 0 && Math.abs(step) < this.#depth;
    if (this.#trialSequence < 0 || ssrc !== this.#trialSsrc || !near) {
      this.#endTrial();
      this.#trial = store(packet, this.#trial);
      this.#trialSize = packet.end - packet.start;
      this.#trialSsrc = ssrc;
      this.#trialSequence = sequence;
      return;
    }
    this.#restart(ssrc, step > 0 ? this.#trialSequence : sequence);
    // Both were counted as received already.
    this.counters.received -= 2;
    this.#view.parse(this.#trial, 0, this.#trialSize);
    this.push(this.#view, nowNs);
    this.push(packet, nowNs);
  }
}

/** A copy of the packet, in `into` where it has room. */
function store(packet: RtpPacket, into: Uint8Array | undefined): Uint8Array {
  const size = packet.end - packet.start;
  const target = into !== undefined && into.length >= size ? into : new Uint8Array(Math.max(1536, size));
  target.set(packet.buf.subarray(packet.start, packet.end));
  return target;
}
