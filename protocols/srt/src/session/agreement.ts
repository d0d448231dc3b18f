import type { SessionCrypto } from "../crypto/session-crypto.ts";
import type { FilterConfig } from "../filter/config.ts";

/** Membership in a bonding group, as one side says it in the handshake. */
export interface GroupMembership {
  /** The saying side's group. */
  readonly id: number;
  /** 1 broadcast, 2 backup. */
  readonly type: number;
  readonly flags: number;
  readonly weight: number;
}

/** All that two peers settled in their handshake. */
export interface Agreement {
  readonly localId: number;
  readonly peerId: number;
  readonly peerVersion: number;
  readonly peerFlags: number;
  /** Number of our first packet, and of the peer's. */
  readonly sendSequence: number;
  readonly receiveSequence: number;
  readonly maxPacketSize: number;
  /** Packets that the peer takes unacknowledged. */
  readonly flowWindow: number;
  /** Of what we receive, and of what the peer receives from us. */
  readonly receiveLatencyMs: number;
  readonly peerLatencyMs: number;
  /** Our time when the peer's clock showed `peerTimestamp`. */
  readonly peerTimeUs: number;
  readonly peerTimestamp: number;
  /** Our time at which our timestamps are zero. */
  readonly startUs: number;
  /** How long the peer took to answer in the handshake; 0 when that is not known. */
  readonly handshakeRttUs: number;
  readonly crypto: SessionCrypto;
  readonly filter: FilterConfig | undefined;
  readonly filterText: string | undefined;
  readonly streamId: string;
  readonly peerGroup: GroupMembership | undefined;
  readonly ownGroup: GroupMembership | undefined;
  /** Largest payload that fits with what the filter and the cipher add. */
  readonly payloadBytes: number;
  /** What the packet filter covers of each packet: all that the peer may send. */
  readonly filterPayloadBytes: number;
}
