import type { Gate, PendingCaller } from "../port/gate.ts";
import type { Sender } from "../port/port.ts";

/** One datagram on its way to the worker that has its group. */
interface Relayed {
  readonly packet: Uint8Array;
  readonly address: string;
  readonly port: number;
}

export interface RelayOptions {
  /** The same in all workers, and of this port alone. */
  readonly name: string;
  readonly workers: number;
  readonly workerIndex: number;
  readonly gate: Gate;
}

const MOST_CALLERS = 4096;
/** A caller that sent nothing for so long is gone. */
const FORGET_US = 15_000_000;

/**
 * Brings all legs of a group to one worker. The kernel gives each leg of a group to any of the workers that share a port;
 * the group's ID says whose it is, and the others hand that worker its datagrams. It answers from the same port.
 */
export class LegRelay {
  readonly #options: RelayOptions;
  readonly #inbox: BroadcastChannel | undefined;
  readonly #outboxes = new Map<number, BroadcastChannel>();
  readonly #callers = new Map<string, { readonly home: number; seenUs: number }>();

  constructor(options: RelayOptions) {
    this.#options = options;
    if (options.workers < 2) return;
    const inbox = this.#channel(options.workerIndex);
    inbox.onmessage = (event: MessageEvent) => {
      const { packet, address, port } = event.data as Relayed;
      options.gate.takeOver(packet, { address, port });
    };
    this.#inbox = inbox;
    options.gate.port.onStray = (packet, from, nowUs) => this.#onStray(packet, from, nowUs);
  }

  /** Hands a leg over when its group lives in another worker. True when that was done. */
  handOver(caller: PendingCaller): boolean {
    const { workers, workerIndex, gate } = this.#options;
    const { group, packet, address, port } = caller.request;
    if (group === undefined || packet === undefined || workers < 2) return false;
    const home = group.id % workers;
    if (home === workerIndex) return false;
    const { nowUs } = gate.port;
    if (this.#callers.size >= MOST_CALLERS) this.#forget(nowUs);
    if (this.#callers.size >= MOST_CALLERS) return false;
    this.#callers.set(`${address}:${port}`, { home, seenUs: nowUs });
    gate.handOver(caller);
    this.#post(home, packet, { address, port });
    return true;
  }

  close(): void {
    this.#inbox?.close();
    for (const outbox of this.#outboxes.values()) outbox.close();
  }

  #onStray(packet: Uint8Array, from: Sender, nowUs: number): boolean {
    const caller = this.#callers.get(`${from.address}:${from.port}`);
    if (caller === undefined) return false;
    caller.seenUs = nowUs;
    // Only the bytes of the packet: the memory that it lies in would be copied whole.
    this.#post(caller.home, Uint8Array.from(packet), from);
    return true;
  }

  #post(home: number, packet: Uint8Array, { address, port }: Sender): void {
    const outbox = this.#outboxes.get(home) ?? this.#channel(home);
    this.#outboxes.set(home, outbox);
    const message: Relayed = { packet, address, port };
    outbox.postMessage(message);
  }

  #channel(worker: number): BroadcastChannel {
    const channel = new BroadcastChannel(`${this.#options.name}/${worker}`);
    // Types know of the browser's channel only.
    (channel as unknown as { unref(): void }).unref();
    return channel;
  }

  #forget(nowUs: number): void {
    for (const [key, { seenUs }] of this.#callers) if (nowUs - seenUs > FORGET_US) this.#callers.delete(key);
  }
}
