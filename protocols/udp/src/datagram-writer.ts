import { PACKET_SIZE } from "@millrace/mpegts";
import { RTP_HEADER_BYTES, type RtpSender } from "@millrace/rtp";

/** What sends one datagram; the bytes stay as they are until `queued` has fallen below the number of slots again. */
export interface DatagramSocket {
  send(datagram: Uint8Array): void;
  /** Datagrams given to `send` whose bytes are still needed. */
  queued(): number;
}

export interface DatagramWriterOptions {
  readonly socket: DatagramSocket;
  readonly packetsPerDatagram: number;
  /** Puts RTP headers in front (RFC 2250 §2). */
  readonly rtp: RtpSender | undefined;
}

/** Datagrams that can wait in the system's queue before more are dropped. */
const SLOTS = 256;
/** RTP time stamps of transport streams run at 90 kHz. */
const RTP_TICKS_PER_NS = 90_000 / 1e9;

/** Packs packets into datagrams, in memory of its own, and sends each one when it is full. */
export class DatagramWriter {
  readonly #options: DatagramWriterOptions;
  readonly #head: number;
  readonly #size: number;
  readonly #slots: Uint8Array[] = [];
  #slot = 0;
  /** Bytes of transport stream in the open datagram. */
  #have = 0;
  #openedNs = 0;
  datagrams = 0;
  packets = 0;
  /** Packets dropped as the system took no more datagrams. */
  overflow = 0;

  constructor(options: DatagramWriterOptions) {
    this.#options = options;
    this.#head = options.rtp === undefined ? 0 : RTP_HEADER_BYTES;
    this.#size = options.packetsPerDatagram * PACKET_SIZE;
    for (let i = 0; i < SLOTS; i++) this.#slots.push(new Uint8Array(this.#head + this.#size));
  }

  /** Whether the system is so far behind that sending should wait. */
  get congested(): boolean {
    return this.#options.socket.queued() > SLOTS / 2;
  }

  /** When the first packet of the open datagram came; `Infinity` if none is open. */
  get openedNs(): number {
    return this.#have === 0 ? Number.POSITIVE_INFINITY : this.#openedNs;
  }

  /** Takes `count` packets at `buf[start]`; every full datagram leaves at once. */
  write(buf: Uint8Array, start: number, count: number, nowNs: number): void {
    let at = start;
    const end = at + count * PACKET_SIZE;
    while (at < end) {
      if (this.#have === 0) this.#openedNs = nowNs;
      const size = Math.min(end - at, this.#size - this.#have);
      (this.#slots[this.#slot] as Uint8Array).set(buf.subarray(at, at + size), this.#head + this.#have);
      this.#have += size;
      at += size;
      if (this.#have === this.#size) this.flush();
    }
  }

  /** Sends the open datagram, full or not. */
  flush(): void {
    const size = this.#have;
    if (size === 0) return;
    this.#have = 0;
    const { socket, rtp } = this.#options;
    if (socket.queued() >= SLOTS - 1) {
      this.overflow += size / PACKET_SIZE;
      return;
    }
    const slot = this.#slots[this.#slot] as Uint8Array;
    rtp?.writeHeader(slot, 0, Math.floor(this.#openedNs * RTP_TICKS_PER_NS) >>> 0);
    this.#slot = (this.#slot + 1) % SLOTS;
    this.datagrams++;
    this.packets += size / PACKET_SIZE;
    socket.send(size === this.#size ? slot : slot.subarray(0, this.#head + size));
  }
}
