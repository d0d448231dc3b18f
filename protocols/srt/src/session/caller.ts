import type { SessionCrypto } from "../crypto/session-crypto.ts";
import { CONTROL_HANDSHAKE, ControlHeader, readControlHeader, serializeControl } from "../wire/control.ts";
import {
  type Handshake,
  isRejection,
  parseHandshake,
  REQUEST_CONCLUSION,
  REQUEST_INDUCTION,
  SRT_MAGIC,
  serializeHandshake,
} from "../wire/handshake.ts";
import { HEADER_BYTES } from "../wire/header.ts";
import { REJECTION } from "../wire/rejection.ts";
import type { GroupMembership } from "./agreement.ts";
import type { CallEvents, Endpoint, Path } from "./endpoint.ts";
import { conclusion, makeCrypto, requestExtensions, settleAsInitiator } from "./negotiation.ts";
import type { SrtOptions } from "./options.ts";

export interface CallParts {
  readonly localId: number;
  readonly options: SrtOptions;
  readonly path: Path;
  readonly events: CallEvents;
  readonly random: (bytes: number) => Uint8Array;
  /** The peer's address, as handshakes carry it. */
  readonly peerIp: Uint8Array;
  /** Number of the first packet. */
  readonly initialSequence: number;
  readonly group?: GroupMembership | undefined;
  /** A packet of the connection that came with, or as, the last word of the handshake. */
  readonly onEarly?: (packet: Uint8Array, length: number, nowUs: number) => void;
}

const REPEAT_US = 250_000;
const DATAGRAM_SOCKET = 2;

/** A call to a listener: induction, then conclusion (draft-sharabayko-srt §4.3.1). */
export class Caller implements Endpoint {
  readonly localId: number;
  nextUs = 0;
  readonly #parts: CallParts;
  readonly #header = new ControlHeader();
  readonly #startUs: number;
  readonly #deadlineUs: number;
  #message: Handshake;
  #crypto: SessionCrypto | undefined;
  #over = false;
  #sentUs = 0;
  #inductionRttUs = 0;

  constructor(parts: CallParts, nowUs: number) {
    const { options } = parts;
    this.localId = parts.localId;
    this.#parts = parts;
    this.#startUs = nowUs;
    this.#deadlineUs = nowUs + options.connectTimeoutMs * 1000;
    this.nextUs = nowUs;
    this.#message = {
      version: 4,
      encryption: 0,
      extensionField: DATAGRAM_SOCKET,
      initialSequence: parts.initialSequence,
      maxPacketSize: options.maxPacketSize,
      flowWindow: options.flowWindow,
      requestType: REQUEST_INDUCTION,
      socketId: parts.localId,
      cookie: 0,
      peerIp: parts.peerIp,
      extensions: [],
    };
  }

  tick(nowUs: number): void {
    if (this.#over || nowUs < this.nextUs) return;
    if (nowUs >= this.#deadlineUs) {
      this.#fail(REJECTION.TIMEOUT, nowUs);
      return;
    }
    this.#send(nowUs);
  }

  receive(packet: Uint8Array, length: number, nowUs: number): void {
    const header = this.#header;
    if (this.#over || !readControlHeader(packet, header) || header.type !== CONTROL_HANDSHAKE) return;
    let handshake: Handshake;
    try {
      handshake = parseHandshake(packet.subarray(HEADER_BYTES, length));
    } catch {
      // Anybody may send rubbish; the call goes on until its time is over.
      return;
    }
    if (isRejection(handshake.requestType)) {
      this.#fail(handshake.requestType, nowUs);
      return;
    }
    if (handshake.requestType === REQUEST_INDUCTION) this.#onInduction(handshake, nowUs);
    else if (handshake.requestType === REQUEST_CONCLUSION)
      this.#onConclusion(handshake, header.timestamp, nowUs);
  }

  close(): void {
    this.#over = true;
    this.nextUs = Number.POSITIVE_INFINITY;
  }

  #onInduction(handshake: Handshake, nowUs: number): void {
    if (this.#crypto !== undefined) return;
    this.#inductionRttUs = nowUs - this.#sentUs;
    if (handshake.version < 5 || handshake.extensionField !== SRT_MAGIC) {
      this.#fail(REJECTION.VERSION, nowUs);
      return;
    }
    const { options, random, group } = this.#parts;
    const advertised = keyBytesOf(handshake.encryption);
    this.#crypto = makeCrypto(options, advertised, random);
    const keyMaterial = this.#crypto.initiate();
    this.#message = conclusion({
      localId: this.localId,
      options,
      keyBytes: keyMaterial === undefined ? 0 : this.#crypto.keyBytes,
      initialSequence: this.#parts.initialSequence,
      cookie: handshake.cookie,
      peerIp: this.#parts.peerIp,
      extensions: requestExtensions({ options, keyMaterial, group }),
    });
    this.#send(nowUs);
  }

  #onConclusion(handshake: Handshake, timestamp: number, nowUs: number): void {
    const crypto = this.#crypto;
    if (crypto === undefined) return;
    if (handshake.version !== 5) {
      this.#fail(REJECTION.VERSION, nowUs);
      return;
    }
    const { options, random, initialSequence, group, events } = this.#parts;
    const settlement = settleAsInitiator(
      {
        options,
        localId: this.localId,
        handshake,
        timestamp,
        nowUs,
        startUs: this.#startUs,
        // A listener that asks somebody first answers late: the induction was answered at once.
        handshakeRttUs: this.#inductionRttUs,
        sendSequence: initialSequence,
        random,
        group,
      },
      crypto,
    );
    if (!settlement.ok) {
      this.#fail(settlement.rejection, nowUs);
      return;
    }
    this.close();
    events.onAgreed(settlement.agreement, nowUs);
  }

  #fail(rejection: number, nowUs: number): void {
    this.close();
    this.#parts.events.onFailed(rejection, nowUs);
  }

  #send(nowUs: number): void {
    const packet = serializeControl(
      { type: CONTROL_HANDSHAKE, timestamp: (nowUs - this.#startUs) >>> 0, socketId: 0 },
      serializeHandshake(this.#message),
    );
    this.#parts.path.send(packet, packet.length);
    this.#sentUs = nowUs;
    this.nextUs = Math.min(nowUs + REPEAT_US, this.#deadlineUs);
  }
}

/** The key length that a peer advertises: 2, 3 or 4 in the encryption field. */
export function keyBytesOf(encryption: number): SrtOptions["keyBytes"] {
  if (encryption === 2) return 16;
  if (encryption === 3) return 24;
  return encryption === 4 ? 32 : 0;
}
