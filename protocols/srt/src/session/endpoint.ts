import type { Agreement } from "./agreement.ts";

/** The way to the peer. `packet` may be reused by its owner as soon as it is acknowledged, not before the call returns. */
export interface Path {
  send(packet: Uint8Array, length: number): void;
}

/** Something with a socket ID that packets are for: a connection, or a handshake on its way to one. */
export interface Endpoint {
  readonly localId: number;
  /** One datagram, header included; its bytes may be changed. */
  receive(packet: Uint8Array, length: number, nowUs: number): void;
  /** Runs what is due. */
  tick(nowUs: number): void;
  /** When `tick` has to be called next. */
  readonly nextUs: number;
  /** `atOnce`: without waiting for acknowledgements. */
  close(nowUs: number, atOnce?: boolean): void;
}

/** What came of a call. */
export interface CallEvents {
  onAgreed(agreement: Agreement, nowUs: number): void;
  /** `rejection` is a code of `wire/rejection.ts`; the peer's own, or ours. */
  onFailed(rejection: number, nowUs: number): void;
}
