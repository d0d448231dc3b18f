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

/**
 * Takes transport stream out of datagrams: raw, or in RTP (RFC 2250), which is recognised by itself and put in order.
 * Time and bytes are passed in.
 */
export class Depacketizer {
  readonly #options: DepacketizerOptions;
  readonly #sink: DepacketizerSink;
  readonly #reorder: ReorderBuffer;
  readonly #packet = new RtpPacket();
  readonly #counted = new Float64Array(SHOWN.length);

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

  push(datagram: Uint8Array, nowNs: number): void {
    if (datagram[0] !== SYNC_BYTE && looksLikeRtpTs(datagram)) {
      this.#packet.parse(datagram, 0, datagram.length);
      this.#reorder.push(this.#packet, nowNs);
      this.#count();
    } else if (this.#options.rtpOnly) {
      this.#sink.count("notRtp");
    } else if (datagram.length > 0) {
      this.#sink.ts(datagram);
    }
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
