/** Settings of one SRT connection. Names follow the socket options of libsrt; every value carries its unit. */
export interface SrtOptions {
  /** Least delay of what we receive, and least that we ask of the peer for what we send. */
  readonly receiveLatencyMs: number;
  readonly peerLatencyMs: number;
  /** 10 to 79 characters; undefined sends in clear. */
  readonly passphrase: string | undefined;
  /** AES key: 0 takes what the peer offers, or 16. */
  readonly keyBytes: 0 | 16 | 24 | 32;
  readonly cryptoMode: "auto" | "ctr" | "gcm";
  /** A peer with another passphrase, or none, is refused. */
  readonly enforcedEncryption: boolean;
  readonly keyRefreshPackets: number;
  readonly keyAnnouncePackets: number;
  readonly streamId: string;
  /** Deliver by timestamp; without it as soon as the order allows. */
  readonly tsbpd: boolean;
  readonly tooLateDrop: boolean;
  readonly nakReport: boolean;
  /** Bytes a second; -1 is no limit, 0 follows the input. */
  readonly maxBandwidth: number;
  /** Bytes a second of the input; 0 measures it. */
  readonly inputBandwidth: number;
  readonly minInputBandwidth: number;
  /** Per cent of the input's rate that retransmissions may take besides. */
  readonly overheadPercent: number;
  /** Largest IP packet. */
  readonly maxPacketSize: number;
  /** Packets on the way without acknowledgement. */
  readonly flowWindow: number;
  readonly sendBufferPackets: number;
  readonly receiveBufferPackets: number;
  /** Largest payload of one packet. */
  readonly payloadBytes: number;
  /** Most packets that an out-of-order one may be late before it is reported lost. */
  readonly lossMaxTtl: number;
  readonly connectTimeoutMs: number;
  readonly peerIdleTimeoutMs: number;
  readonly lingerMs: number;
  readonly packetFilter: string | undefined;
  /** Added to the peer's latency before the sender drops; -1 never drops. */
  readonly sendDropDelayMs: number;
  readonly minVersion: number;
  /** 1: a packet is not sent again within one round trip. */
  readonly retransmitAlgorithm: 0 | 1;
  readonly driftTracer: boolean;
}

export const DEFAULT_OPTIONS: SrtOptions = {
  receiveLatencyMs: 120,
  peerLatencyMs: 0,
  passphrase: undefined,
  keyBytes: 0,
  cryptoMode: "auto",
  enforcedEncryption: true,
  keyRefreshPackets: 2 ** 24,
  keyAnnouncePackets: 2 ** 12,
  streamId: "",
  tsbpd: true,
  tooLateDrop: true,
  nakReport: true,
  maxBandwidth: -1,
  inputBandwidth: 0,
  minInputBandwidth: 0,
  overheadPercent: 25,
  maxPacketSize: 1500,
  flowWindow: 25_600,
  sendBufferPackets: 8192,
  receiveBufferPackets: 8192,
  payloadBytes: 1316,
  lossMaxTtl: 0,
  connectTimeoutMs: 3000,
  peerIdleTimeoutMs: 5000,
  lingerMs: 0,
  packetFilter: undefined,
  sendDropDelayMs: 0,
  minVersion: 0x010300,
  retransmitAlgorithm: 1,
  driftTracer: true,
};

/** IPv4 and UDP headers, which count towards the packet size and the statistics. */
export const UDP_IP_BYTES = 28;
/** A peer that takes only smaller packets has no room for a payload (docs/API/API-socket-options.md, SRTO_MSS). */
export const LEAST_PACKET_SIZE = 76;
/** The version that we say: 1.5.4, the first with the present layout of AES-GCM. */
export const SRT_VERSION = 0x01_05_04;
