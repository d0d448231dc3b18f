import { PACKET_SIZE } from "@millrace/mpegts";
import { UdpSlice, type UdpSocket } from "@millrace/native-udp";
import { RTP_HEADER_BYTES, type RtpSender } from "@millrace/rtp";

export interface DatagramWriterOptions {
  /** Connected. */
  readonly socket: Pick<UdpSocket, "queueSlice" | "flush" | "queued">;
  readonly packetsPerDatagram: number;
  /** Puts RTP headers in front (RFC 2250 §2). */
  readonly rtp: RtpSender | undefined;
}

/** Datagrams that are gathered at most before they are given to the system: four messages that the kernel cuts. */
const SLOTS = 128;
/** Datagrams that wait for the system. */
const MOST_BEHIND = 128;
/** RTP time stamps of transport streams run at 90 kHz. */
const RTP_TICKS_PER_NS = 90_000 / 1e9;

/** Packs packets into datagrams, in memory of its own, where they wait for `send`. */
export class DatagramWriter {
  readonly #options: DatagramWriterOptions;
  readonly #head: number;
  readonly #size: number;
  readonly #memory: Uint8Array;
  readonly #slice: UdpSlice;
  /** Where the open datagram begins. */
  #at = 0;
  /** Bytes of transport stream in the open datagram. */
  #have = 0;
  #openedNs = 0;
  /** Datagrams queued since `send`. */
  #pending = 0;
  datagrams = 0;
  packets = 0;
  /** Packets dropped as the system took no more datagrams. */
  overflow = 0;

  constructor(options: DatagramWriterOptions) {
    this.#options = options;
    this.#head = options.rtp === undefined ? 0 : RTP_HEADER_BYTES;
    this.#size = options.packetsPerDatagram * PACKET_SIZE;
    this.#memory = new Uint8Array(SLOTS * (this.#head + this.#size));
    this.#slice = new UdpSlice(this.#memory);
  }

  /** Whether the system is so far behind that sending should wait. */
  get congested(): boolean {
    return this.#options.socket.queued - this.#pending > MOST_BEHIND;
  }

  /** When the first packet of the open datagram came; `Infinity` if none is open. */
  get openedNs(): number {
    return this.#have === 0 ? Number.POSITIVE_INFINITY : this.#openedNs;
  }

  /** Takes `count` packets at `buf[start]`; full datagrams leave with the next `send`. */
  write(buf: Uint8Array, start: number, count: number, nowNs: number): void {
    let at = start;
    const end = at + count * PACKET_SIZE;
    while (at < end) {
      if (this.#have === 0) this.#openedNs = nowNs;
      const size = Math.min(end - at, this.#size - this.#have);
      this.#memory.set(buf.subarray(at, at + size), this.#at + this.#head + this.#have);
      this.#have += size;
      at += size;
      if (this.#have === this.#size) this.close();
    }
  }

  /** Ends the open datagram, full or not. */
  close(): void {
    const size = this.#have;
    if (size === 0) return;
    this.#have = 0;
    const { socket, rtp } = this.#options;
    rtp?.writeHeader(this.#memory, this.#at, Math.floor(this.#openedNs * RTP_TICKS_PER_NS) >>> 0);
    if (!socket.queueSlice(this.#slice.at(this.#at, this.#head + size))) {
      this.overflow += size / PACKET_SIZE;
      return;
    }
    this.datagrams++;
    this.packets += size / PACKET_SIZE;
    this.#pending++;
    this.#at += this.#head + this.#size;
    if (this.#at === this.#memory.length) this.send();
  }

  /** Gives everything but the open datagram to the system. */
  send(): void {
    const { socket } = this.#options;
    if (this.#pending > 0) socket.flush();
    this.#pending = 0;
    this.#move();
  }

  /** Memory is used from its beginning again, so that it stays in the cache; what the open datagram holds moves along. */
  #move(): void {
    const open = this.#at;
    this.#at = 0;
    if (open !== 0 && this.#have > 0)
      this.#memory.copyWithin(this.#head, open + this.#head, open + this.#head + this.#have);
  }
}
