import type { Socket } from "node:dgram";
import { EventEmitter } from "node:events";
import type { Clock } from "@millrace/model";
import { realClock } from "../../../../tests/contract/index.ts";
import { SrtPort } from "./port.ts";

/** A socket that sends nothing, and keeps what it was to send. */
export class DeadSocket extends EventEmitter {
  queued = 0;
  readonly sent: (readonly [packet: Uint8Array, ...rest: readonly unknown[]])[] = [];

  getSendQueueCount(): number {
    return this.queued;
  }

  send(packet: Uint8Array, ...rest: readonly unknown[]): void {
    this.sent.push([packet, ...rest]);
  }

  close(done: () => void): void {
    done();
  }
}

/** A port on a socket that sends nothing. */
export function deadPort(
  firstId = 100,
  clock: Clock = realClock,
): { readonly port: SrtPort; readonly socket: DeadSocket } {
  const socket = new DeadSocket();
  return { socket, port: new SrtPort(socket as unknown as Socket, clock, firstId) };
}
