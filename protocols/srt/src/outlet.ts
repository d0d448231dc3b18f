import type { SrtPort } from "./port/port.ts";
import type { Connection } from "./session/connection.ts";

/** Where a player's messages go: one connection, or the legs of a group. */
export interface Outlet {
  /** Most bytes of a message. */
  readonly payloadBytes: number;
  /** Bytes that wait for an acknowledgement. */
  readonly heldBytes: number;
  readonly nowUs: number;
  /** False: the message was dropped. */
  send(payload: Uint8Array, nowUs: number): boolean;
  /** Call after sending. */
  wake(): void;
}

/** A single connection as an outlet. */
export function outletTo(connection: Connection, port: SrtPort): Outlet {
  return {
    payloadBytes: connection.agreement.payloadBytes,
    get heldBytes() {
      return connection.sender.buffer.bytes;
    },
    get nowUs() {
      return port.nowUs;
    },
    send: (payload, nowUs) => connection.send(payload, nowUs, nowUs),
    wake: () => port.wakeFor(connection),
  };
}
