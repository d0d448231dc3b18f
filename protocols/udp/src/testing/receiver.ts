import { createSocket, type Socket } from "node:dgram";

/** For tests only: what a push sent, datagram by datagram. */
export class TestReceiver {
  readonly #socket: Socket;
  readonly datagrams: Uint8Array[] = [];
  /** When each came, milliseconds. */
  readonly arrivals: number[] = [];
  #bytes = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("message", (datagram) => {
      this.datagrams.push(new Uint8Array(datagram));
      this.arrivals.push(performance.now());
      this.#bytes += datagram.length;
    });
  }

  static async open(host = "127.0.0.1"): Promise<TestReceiver> {
    const socket = createSocket({ type: "udp4", recvBufferSize: 2 ** 22 });
    await new Promise<void>((resolve) => socket.bind(0, host, resolve));
    if (host.startsWith("239.")) socket.addMembership(host, "127.0.0.1");
    return new TestReceiver(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** Bytes received, headers included. */
  get length(): number {
    return this.#bytes;
  }

  /** Payloads put together, without the first `header` bytes of each. */
  bytes(header = 0): Uint8Array {
    const whole = new Uint8Array(this.#bytes - header * this.datagrams.length);
    let at = 0;
    for (const datagram of this.datagrams) {
      whole.set(datagram.subarray(header), at);
      at += datagram.length - header;
    }
    return whole;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.close(() => resolve());
    });
  }
}
