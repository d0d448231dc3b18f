import type { Clock } from "@millrace/model";
import type { UdpSocket } from "@millrace/native-udp";
import { realClock } from "../../../../tests/contract/index.ts";
import { SrtPort } from "./port.ts";

interface Sent {
  readonly packet: Uint8Array;
  readonly to: string;
}

/** A socket that sends nothing, and keeps what it was to send. */
export class DeadSocket {
  /** Queued since the last `flush`. */
  waiting: Sent[] = [];
  /** What each `flush` would have sent. */
  readonly flushes: Sent[][] = [];
  /** What the system takes. */
  full = false;
  onPackets: unknown;
  onError: (() => void) | undefined;

  /** All that was queued. */
  get sent(): Sent[] {
    return [...this.flushes.flat(), ...this.waiting];
  }

  /** Forgets it, too. */
  takeSent(): Sent[] {
    const { sent } = this;
    this.flushes.length = 0;
    this.waiting = [];
    return sent;
  }

  peer(address: string, port: number): unknown {
    if (address === "nowhere") throw new Error("EINVAL");
    return { address, port };
  }

  queue(packet: Uint8Array, to: Sender, length: number): boolean {
    if (this.full) return false;
    this.waiting.push({ packet: packet.slice(0, length), to: `${to.address}:${to.port}` });
    return true;
  }

  flush(): void {
    this.flushes.push(this.waiting);
    this.waiting = [];
  }

  receive(): boolean {
    return false;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

interface Sender {
  readonly address: string;
  readonly port: number;
}

/** A port on a socket that sends nothing. */
export function deadPort(
  firstId = 100,
  clock: Clock = realClock,
): { readonly port: SrtPort; readonly socket: DeadSocket } {
  const socket = new DeadSocket();
  return { socket, port: new SrtPort(socket as unknown as UdpSocket, clock, firstId) };
}
