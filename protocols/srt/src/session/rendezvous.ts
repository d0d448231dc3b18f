import type { SessionCrypto } from "../crypto/session-crypto.ts";
import { CONTROL_HANDSHAKE, ControlHeader, readControlHeader, serializeControl } from "../wire/control.ts";
import type { HandshakeExtension } from "../wire/extension.ts";
import {
  type Handshake,
  isRejection,
  parseHandshake,
  REQUEST_AGREEMENT,
  REQUEST_CONCLUSION,
  REQUEST_WAVEAHAND,
  serializeHandshake,
} from "../wire/handshake.ts";
import { HEADER_BYTES, isControl } from "../wire/header.ts";
import { REJECTION } from "../wire/rejection.ts";
import type { Agreement } from "./agreement.ts";
import { type CallParts, keyBytesOf } from "./caller.ts";
import type { Endpoint } from "./endpoint.ts";
import {
  conclusion,
  extensionBits,
  makeCrypto,
  readOffer,
  requestExtensions,
  settleAsInitiator,
  settleAsResponder,
} from "./negotiation.ts";

const REPEAT_US = 250_000;

/** How far two peers that call each other have come (draft-sharabayko-srt §4.3.2). */
type State = "waving" | "attention" | "initiated" | "over";

/** Two peers that call each other at the same time; the greater cookie makes the initiator. */
export class Rendezvous implements Endpoint {
  readonly localId: number;
  nextUs = 0;
  readonly #parts: CallParts;
  readonly #header = new ControlHeader();
  readonly #startUs: number;
  readonly #deadlineUs: number;
  readonly #cookie: number;
  #state: State = "waving";
  #initiator = false;
  #peerId = 0;
  #crypto: SessionCrypto | undefined;
  #extensions: readonly HandshakeExtension[] = [];
  #keyBytes = 0;
  #agreement: Agreement | undefined;

  constructor(parts: CallParts, nowUs: number) {
    const bytes = parts.random(4);
    this.localId = parts.localId;
    this.#parts = parts;
    this.#startUs = nowUs;
    this.#deadlineUs = nowUs + parts.options.connectTimeoutMs * 1000;
    this.nextUs = nowUs;
    this.#cookie = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
  }

  tick(nowUs: number): void {
    if (this.#state === "over" || nowUs < this.nextUs) return;
    if (nowUs >= this.#deadlineUs) {
      this.#fail(REJECTION.TIMEOUT, nowUs);
      return;
    }
    this.#send(nowUs);
  }

  receive(packet: Uint8Array, length: number, nowUs: number): void {
    if (this.#state === "over") return;
    const header = this.#header;
    if (!isControl(packet) || !readControlHeader(packet, header) || header.type !== CONTROL_HANDSHAKE) {
      // Anything that only connected peers send says that the other side heard our conclusion.
      if (this.#state === "initiated" && this.#agreement !== undefined) this.#finish(nowUs, packet, length);
      return;
    }
    let handshake: Handshake;
    try {
      handshake = parseHandshake(packet.subarray(HEADER_BYTES, length));
    } catch {
      return;
    }
    const { requestType } = handshake;
    if (isRejection(requestType)) {
      this.#fail(requestType, nowUs);
      return;
    }
    if (handshake.version !== 5) {
      this.#fail(REJECTION.VERSION, nowUs);
      return;
    }
    if (requestType === REQUEST_AGREEMENT) {
      if (this.#agreement !== undefined) this.#finish(nowUs);
      return;
    }
    if (requestType !== REQUEST_WAVEAHAND && requestType !== REQUEST_CONCLUSION) return;
    if (this.#state === "waving") this.#meet(handshake, nowUs);
    if (this.#over) return;
    if (requestType === REQUEST_CONCLUSION) this.#onConclusion(handshake, header.timestamp, nowUs);
    else this.#send(nowUs);
  }

  close(): void {
    this.#state = "over";
    this.nextUs = Number.POSITIVE_INFINITY;
  }

  get #over(): boolean {
    return this.#state === "over";
  }

  /** The peer's first sign of life: the cookies decide who initiates. */
  #meet(handshake: Handshake, nowUs: number): void {
    const contest = (this.#cookie - handshake.cookie) | 0;
    // Half of all numbers apart, each side's is the lesser.
    if (contest === 0 || contest === -(2 ** 31)) {
      this.#fail(REJECTION.RDVCOOKIE, nowUs);
      return;
    }
    this.#initiator = contest > 0;
    this.#peerId = handshake.socketId;
    this.#state = "attention";
    if (!this.#initiator) return;
    const { options, random, group } = this.#parts;
    this.#crypto = makeCrypto(options, keyBytesOf(handshake.encryption), random);
    const keyMaterial = this.#crypto.initiate();
    if (keyMaterial !== undefined) this.#keyBytes = this.#crypto.keyBytes;
    this.#extensions = requestExtensions({ options, keyMaterial, group });
  }

  #onConclusion(handshake: Handshake, timestamp: number, nowUs: number): void {
    const { hello, isRequest } = readOffer(handshake);
    if (hello === undefined) {
      // The peer does not know our part yet.
      if (this.#initiator) this.#state = "initiated";
      this.#send(nowUs);
      return;
    }
    if (isRequest === this.#initiator) {
      this.#fail(REJECTION.ROGUE, nowUs);
      return;
    }
    if (this.#agreement !== undefined) {
      this.#send(nowUs);
      return;
    }
    const meeting = {
      options: this.#parts.options,
      localId: this.localId,
      handshake,
      timestamp,
      nowUs,
      startUs: this.#startUs,
      handshakeRttUs: 0,
      sendSequence: this.#parts.initialSequence,
      random: this.#parts.random,
      group: this.#parts.group,
    };
    const settlement =
      this.#crypto === undefined ? settleAsResponder(meeting) : settleAsInitiator(meeting, this.#crypto);
    if (!settlement.ok) {
      this.#fail(settlement.rejection, nowUs);
      return;
    }
    this.#agreement = settlement.agreement;
    if (this.#initiator) {
      this.#sendAgreement(nowUs);
      this.#finish(nowUs);
      return;
    }
    this.#state = "initiated";
    this.#extensions = settlement.extensions;
    if (settlement.agreement.crypto.sending) this.#keyBytes = settlement.agreement.crypto.keyBytes;
    this.#send(nowUs);
  }

  /** The peer of a connected rendezvous says its conclusion again: it did not hear our last word. */
  repeat(packet: Uint8Array, length: number, nowUs: number): void {
    let requestType: number;
    try {
      requestType = parseHandshake(packet.subarray(HEADER_BYTES, length)).requestType;
    } catch {
      return;
    }
    if (requestType !== REQUEST_CONCLUSION) return;
    if (this.#initiator) this.#sendAgreement(nowUs);
    else this.#transmit(this.#message(), nowUs);
  }

  #sendAgreement(nowUs: number): void {
    this.#transmit(
      { ...this.#message(), requestType: REQUEST_AGREEMENT, extensionField: 0, extensions: [] },
      nowUs,
    );
  }

  #finish(nowUs: number, packet?: Uint8Array, length?: number): void {
    const agreement = this.#agreement as Agreement;
    this.close();
    this.#parts.events.onAgreed(agreement, nowUs);
    if (packet !== undefined && length !== undefined) this.#parts.onEarly?.(packet, length, nowUs);
  }

  #fail(rejection: number, nowUs: number): void {
    if (this.#peerId !== 0 && rejection !== REJECTION.TIMEOUT) {
      this.#transmit(
        { ...this.#message(), requestType: rejection, extensionField: 0, extensions: [] },
        nowUs,
      );
    }
    this.close();
    this.#parts.events.onFailed(rejection, nowUs);
  }

  #message(): Handshake {
    const { options, peerIp, initialSequence } = this.#parts;
    const message = conclusion({
      localId: this.localId,
      options,
      keyBytes: this.#keyBytes,
      initialSequence,
      cookie: this.#cookie,
      peerIp,
      extensions: this.#state === "waving" ? [] : this.#extensions,
    });
    if (this.#state !== "waving") return { ...message, extensionField: extensionBits(message.extensions) };
    return { ...message, requestType: REQUEST_WAVEAHAND, encryption: options.keyBytes / 8 };
  }

  #send(nowUs: number): void {
    this.#transmit(this.#message(), nowUs);
    this.nextUs = Math.min(nowUs + REPEAT_US, this.#deadlineUs);
  }

  #transmit(handshake: Handshake, nowUs: number): void {
    const packet = serializeControl(
      { type: CONTROL_HANDSHAKE, timestamp: (nowUs - this.#startUs) >>> 0, socketId: this.#peerId },
      serializeHandshake(handshake),
    );
    this.#parts.path.send(packet, packet.length);
  }
}
