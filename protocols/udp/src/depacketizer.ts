import { looksLikeRtpTs, ReorderBuffer, type ReorderCounters, RtpPacket } from "@millrace/rtp";

export interface DepacketizerOptions {
  /** Datagrams that are no RTP are dropped and counted. */
  readonly rtpOnly: boolean;
  readonly reorderMs: number;
}

export interface DepacketizerSink {
  /** Valid until the call returns. */
  ts(bytes: Uint8Array): void;
  count(name: string, by?: number): void;
}

/** Packets that may wait behind a hole: 150 ms at 70 Mbit/s. */
const REORDER_DEPTH = 1024;
const SYNC_BYTE = 0x47;

/** Names of the counters, as they are shown. */
const SHOWN: readonly (keyof ReorderCounters)[] = [
  "lost",
  "late",
  "duplicate",
  "reordered",
  "sourceChanges",
  "sequenceRestarts",
];

const NOTHING = new Uint8Array(0);

/**
 * Takes transport stream out of datagrams: raw, or in RTP (RFC 2250), which is recognised by itself and put in order.
 * Time and bytes are passed in, any number of datagrams by `push`, then `settle`.
 */
export class Depacketizer {
  readonly #options: DepacketizerOptions;
  readonly #sink: DepacketizerSink;
  readonly #reorder: ReorderBuffer;
  readonly #packet = new RtpPacket();
  readonly #counted = new Float64Array(SHOWN.length);
  /** Raw datagrams that lie one behind the other, not handed on yet: a coalesced message is one piece. */
  #block: Uint8Array = NOTHING;
  #start = 0;
  #end = 0;

  constructor(options: DepacketizerOptions, sink: DepacketizerSink) {
    this.#options = options;
    this.#sink = sink;
    this.#reorder = new ReorderBuffer(
      { depth: REORDER_DEPTH, maxDelayNs: options.reorderMs * 1e6 },
      {
        packet: (packet) => sink.ts(packet.payload),
        // Both show as continuity errors to whoever looks into the packets; here they are counted only.
        gap: () => undefined,
        restart: () => undefined,
      },
    );
  }

  /** When `poll` has something to do; `Infinity` while nothing waits. */
  get deadlineNs(): number {
    return this.#reorder.deadlineNs;
  }

  /** One datagram, `block[start]` to `block[end - 1]`, that came at `arrivalNs`. The bytes have to stay until `settle`. */
  push(block: Uint8Array, start: number, end: number, arrivalNs: number): void {
    if (block[start] !== SYNC_BYTE && looksLikeRtpTs(block, start, end)) {
      this.#handOn();
      this.#packet.parse(block, start, end);
      this.#reorder.push(this.#packet, arrivalNs);
    } else if (this.#options.rtpOnly) {
      this.#sink.count("notRtp");
    } else if (block === this.#block && start === this.#end) {
      this.#end = end;
    } else {
      this.#handOn();
      this.#block = block;
      this.#start = start;
      this.#end = end;
    }
  }

  /** Hands on what `push` was given; its bytes are needed no more. */
  settle(): void {
    this.#handOn();
    this.#count();
  }

  /** Gives up on packets that are overdue. */
  poll(nowNs: number): void {
    this.#reorder.poll(nowNs);
    this.#count();
  }

  /** Delivers all that waits. */
  flush(): void {
    this.#reorder.flush();
    this.#count();
  }

  #handOn(): void {
    const block = this.#block;
    this.#block = NOTHING;
    if (block !== NOTHING && this.#end > this.#start) this.#sink.ts(block.subarray(this.#start, this.#end));
  }

  #count(): void {
    const { counters } = this.#reorder;
    const counted = this.#counted;
    for (let i = 0; i < SHOWN.length; i++) {
      const name = SHOWN[i] as keyof ReorderCounters;
      const by = counters[name] - (counted[i] as number);
      if (by === 0) continue;
      counted[i] = counters[name];
      this.#sink.count(name, by);
    }
  }
}
