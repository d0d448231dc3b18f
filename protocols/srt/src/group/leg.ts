/** What the sender of a group needs of one connected session. Times are of the same clock as `nowUs`. */
export interface Leg {
  /** Our socket ID. */
  readonly id: number;
  /** Of the leg in its group, as the handshake said it: the heavier leg is preferred (backup only). */
  readonly weight: number;
  /** Number that its next packet would get. */
  readonly sendSequence: number;
  /** Packets from the peer's acknowledgement on up to `sendSequence`. */
  readonly unacknowledged: number;
  /** Packets that the leg gave up as too late, ever; a rising number makes it unstable. */
  readonly dropped: number;
  /** When anything last came from the peer. */
  readonly lastHeardUs: number;
  readonly rttUs: number;
  readonly rttVarianceUs: number;
  /** Goes on with another number; the peer is not told. False: it holds packets that are not acknowledged. */
  restartAt(sequence: number): boolean;
  /** Sends with the source time `originUs`. False: its buffer is full, or it is closed. */
  send(payload: Uint8Array, originUs: number, nowUs: number): boolean;
  keepAlive(nowUs: number): void;
  close(nowUs: number): void;
}
