import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { pseudoRandom } from "../../e2e/kit/live.ts";
import { DelayLine, type DirectionCounters } from "./delay-line.ts";
import type { Impairments } from "./impairment.ts";

const SOCKET_BUFFER_BYTES = 2 << 20;

export interface LossyRelayOptions extends Impairments {
  /** Port on 127.0.0.1 that everything is passed on to. */
  readonly target: number;
  /** Own port; any free one when left out. */
  readonly port?: number;
  /** The same seed makes the same decisions. */
  readonly seed?: number;
  /** Lets a datagram through, or not, ahead of everything else. `forward` goes to the target. */
  readonly filter?: (datagram: Uint8Array, direction: "forward" | "back") => boolean;
}

/**
 * A bad network on loopback: datagrams sent to its port go on to the target, answers come back, and both directions lose,
 * delay, double and reorder as they are told. Each client gets a socket of its own towards the target. For tests that run
 * without privileges; its delays are exact to a few milliseconds only.
 */
export class LossyRelay {
  readonly #options: LossyRelayOptions;
  readonly #front: Socket;
  readonly #clients = new Map<string, Socket>();
  readonly #forward: DelayLine;
  readonly #back: DelayLine;
  #cut = false;
  #closed = false;

  private constructor(options: LossyRelayOptions, front: Socket) {
    this.#options = options;
    this.#front = front;
    const { seed = 1, both = {} } = options;
    this.#forward = new DelayLine({ ...both, ...options.forward }, pseudoRandom(seed));
    this.#back = new DelayLine({ ...both, ...options.back }, pseudoRandom(seed + 7919));
    front.on("message", (datagram, from) => this.#onClient(datagram, from));
    // A peer that is gone answers with ICMP: no news for a relay.
    front.on("error", () => undefined);
  }

  static async start(
    t: { after(stop: () => Promise<void>): void },
    options: LossyRelayOptions,
  ): Promise<LossyRelay> {
    const front = await bound(options.port ?? 0);
    const relay = new LossyRelay(options, front);
    t.after(() => relay.close());
    return relay;
  }

  get port(): number {
    return this.#front.address().port;
  }

  /** Towards the target. */
  get forward(): Readonly<DirectionCounters> {
    return this.#forward.counters;
  }

  /** From the target. */
  get back(): Readonly<DirectionCounters> {
    return this.#back.counters;
  }

  /** Replaces what the directions do. What is on its way keeps its time. */
  change({ both, forward, back }: Impairments): void {
    if (both !== undefined || forward !== undefined) this.#forward.impairment = { ...both, ...forward };
    if (both !== undefined || back !== undefined) this.#back.impairment = { ...both, ...back };
  }

  /** Loses everything in both directions, until `mend`. */
  cut(): void {
    this.#cut = true;
  }

  mend(): void {
    this.#cut = false;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#forward.close();
    this.#back.close();
    const sockets = [this.#front, ...this.#clients.values()];
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))));
  }

  #onClient(datagram: Buffer, from: RemoteInfo): void {
    if (!this.#passes(datagram, "forward")) return;
    const key = `${from.address}:${from.port}`;
    const client = this.#clients.get(key) ?? this.#meet(key, from);
    this.#forward.push(datagram.length, () => {
      if (!this.#closed) client.send(datagram, this.#options.target, "127.0.0.1");
    });
  }

  #meet(key: string, { address, port }: RemoteInfo): Socket {
    const socket = createSocket({
      type: "udp4",
      recvBufferSize: SOCKET_BUFFER_BYTES,
      sendBufferSize: SOCKET_BUFFER_BYTES,
    });
    socket.on("error", () => undefined);
    socket.on("message", (datagram) => {
      if (!this.#passes(datagram, "back")) return;
      this.#back.push(datagram.length, () => {
        if (!this.#closed) this.#front.send(datagram, port, address);
      });
    });
    this.#clients.set(key, socket);
    return socket;
  }

  #passes(datagram: Uint8Array, direction: "forward" | "back"): boolean {
    if (this.#closed) return false;
    if (!this.#cut && (this.#options.filter?.(datagram, direction) ?? true)) return true;
    (direction === "forward" ? this.#forward : this.#back).lose(datagram.length);
    return false;
  }
}

function bound(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({
      type: "udp4",
      recvBufferSize: SOCKET_BUFFER_BYTES,
      sendBufferSize: SOCKET_BUFFER_BYTES,
    });
    socket.once("error", reject);
    socket.bind(port, "127.0.0.1", () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
}
