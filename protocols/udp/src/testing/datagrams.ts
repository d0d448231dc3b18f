import { createSocket, type Socket } from "node:dgram";
import { setTimeout as sleep } from "node:timers/promises";
import { RtpSender } from "@millrace/rtp";

/** For tests only: a peer that sends transport stream in datagrams over loopback. */
export class TestSender {
  readonly #socket: Socket;
  readonly #host: string;
  readonly #port: number;
  readonly #rtp: RtpSender | undefined;
  /** Whether datagram number `n` is left out. */
  drop: (n: number) => boolean = () => false;
  sent = 0;
  dropped = 0;

  private constructor(socket: Socket, to: { host: string; port: number; rtp: boolean }) {
    this.#socket = socket;
    this.#host = to.host;
    this.#port = to.port;
    this.#rtp = to.rtp ? new RtpSender({ ssrc: 0x1234, payloadType: 33, firstSequence: 65_500 }) : undefined;
  }

  static async open(to: {
    host: string;
    port: number;
    rtp?: boolean;
    from?: string;
    device?: string;
  }): Promise<TestSender> {
    const ipv6 = to.host.includes(":");
    const socket = createSocket(ipv6 ? "udp6" : "udp4");
    await new Promise<void>((resolve) =>
      socket.bind(0, to.from ?? (to.device !== undefined ? "::" : ipv6 ? "::1" : "127.0.0.1"), resolve),
    );
    if (to.host.startsWith("239.")) {
      socket.setMulticastInterface("127.0.0.1");
      socket.setMulticastLoopback(true);
    } else if (to.host.startsWith("ff")) {
      socket.setMulticastInterface(`::%${to.device ?? "lo"}`);
      socket.setMulticastLoopback(true);
    }
    return new TestSender(socket, { host: to.host, port: to.port, rtp: to.rtp ?? false });
  }

  /** Sends in datagrams of seven packets (or fewer bytes, if there are no seven), not too many at once. */
  async send(bytes: Uint8Array): Promise<void> {
    const size = 7 * 188;
    for (let at = 0; at < bytes.length; at += size) {
      const part = bytes.subarray(at, at + size);
      await this.datagram(this.#rtp === undefined || part.length % 188 !== 0 ? part : this.#wrap(part));
      if ((at / size) % 20 === 19) await sleep(1);
    }
  }

  #wrap(part: Uint8Array): Uint8Array {
    const packet = new Uint8Array(12 + part.length);
    this.#rtp?.writeHeader(packet, 0, this.sent * 900);
    packet.set(part, 12);
    return packet;
  }

  async datagram(bytes: Uint8Array): Promise<void> {
    if (this.drop(this.sent++)) {
      this.dropped++;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      this.#socket.send(bytes, this.#port, this.#host, (error) =>
        error === null ? resolve() : reject(error),
      );
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.close(() => resolve());
    });
  }
}
