import { CONTROL_HANDSHAKE, ControlHeader, readControlHeader, serializeControl } from "../wire/control.ts";
import {
  type Handshake,
  parseHandshake,
  REQUEST_CONCLUSION,
  REQUEST_INDUCTION,
  SRT_MAGIC,
  serializeHandshake,
} from "../wire/handshake.ts";
import { HEADER_BYTES } from "../wire/header.ts";
import { REJECTION } from "../wire/rejection.ts";
import { WireViolation } from "../wire/violation.ts";
import type { Agreement, GroupMembership } from "./agreement.ts";
import { CookieJar } from "./cookie.ts";
import type { Path } from "./endpoint.ts";
import { conclusion, readOffer, settleAsResponder } from "./negotiation.ts";
import type { SrtOptions } from "./options.ts";

/** Where a packet came from. */
export interface Caller {
  readonly address: string;
  readonly port: number;
  readonly peerIp: Uint8Array;
  readonly path: Path;
}

/** Somebody who showed a good cookie and wants in. Answer once: `accept` or `reject`. */
export interface ConnectionRequest {
  readonly address: string;
  readonly port: number;
  readonly peerId: number;
  readonly streamId: string;
  readonly peerVersion: number;
  readonly encrypted: boolean;
  readonly group: GroupMembership | undefined;
  /** The conclusion as it came, from a member of a group: another worker may have the group's other legs. */
  readonly packet: Uint8Array | undefined;
  /**
   * The agreement, and the answer that is sent with `sendAnswer`, again whenever the caller repeats itself.
   * A number is the code of refusal, which was sent.
   */
  accept(options: SrtOptions, localId: number, nowUs: number, group?: GroupMembership): Accepted | number;
  reject(code: number, nowUs: number): void;
}

export interface Accepted {
  readonly agreement: Agreement;
  sendAnswer(nowUs: number): void;
}

export interface DoorkeeperParts {
  /** 8 random bytes. */
  readonly secret: Uint8Array;
  readonly random: (bytes: number) => Uint8Array;
  /** Key length to advertise. */
  readonly keyBytes: number;
  readonly options: SrtOptions;
  readonly onRequest: (request: ConnectionRequest, key: string) => void;
  /** A caller that is known already repeats its conclusion: true when that was seen to. */
  readonly onRepeat: (key: string, nowUs: number) => boolean;
}

const MINUTE_US = 60_000_000;
const REQUEST_TYPE_AT = HEADER_BYTES + 20;
const COOKIE_AT = HEADER_BYTES + 28;
const LEAST_BYTES = HEADER_BYTES + 48;

/** Answers handshakes that are for nobody yet; keeps nothing of a caller before it showed its cookie. */
export class Doorkeeper {
  /** Handshakes that were no handshakes, or brought a wrong cookie. */
  violations = 0;
  readonly #parts: DoorkeeperParts;
  readonly #jar: CookieJar;
  readonly #header = new ControlHeader();
  readonly #localId: number;
  #trusted = false;

  constructor(parts: DoorkeeperParts, localId: number) {
    this.#parts = parts;
    this.#jar = new CookieJar(parts.secret);
    this.#localId = localId;
  }

  /** A packet for socket ID 0 whose cookie another worker gave, and found good. */
  receiveTrusted(packet: Uint8Array, length: number, from: Caller, nowUs: number): void {
    this.#trusted = true;
    this.receive(packet, length, from, nowUs);
    this.#trusted = false;
  }

  /** A packet for socket ID 0. */
  receive(packet: Uint8Array, length: number, from: Caller, nowUs: number): void {
    const header = this.#header;
    if (length < LEAST_BYTES || !readControlHeader(packet, header) || header.type !== CONTROL_HANDSHAKE) {
      this.violations++;
      return;
    }
    const type = readInt(packet, REQUEST_TYPE_AT);
    if (type === REQUEST_INDUCTION) this.#induce(packet, from, header.timestamp, nowUs);
    else if (type === REQUEST_CONCLUSION) this.#conclude(packet, length, from, header.timestamp, nowUs);
    else this.violations++;
  }

  #induce(packet: Uint8Array, from: Caller, timestamp: number, nowUs: number): void {
    const { options, keyBytes } = this.#parts;
    const peerId = readInt(packet, HEADER_BYTES + 24) >>> 0;
    const answer: Handshake = {
      version: 5,
      encryption: keyBytes / 8,
      extensionField: SRT_MAGIC,
      initialSequence: readInt(packet, HEADER_BYTES + 8) & 0x7fffffff,
      maxPacketSize: options.maxPacketSize,
      flowWindow: options.flowWindow,
      requestType: REQUEST_INDUCTION,
      socketId: this.#localId,
      cookie: this.#jar.make(from.address, from.port, Math.floor(nowUs / MINUTE_US)),
      peerIp: from.peerIp,
      extensions: [],
    };
    this.#send(answer, from.path, peerId, timestamp);
  }

  #conclude(packet: Uint8Array, length: number, from: Caller, timestamp: number, nowUs: number): void {
    const cookie = readInt(packet, COOKIE_AT) >>> 0;
    const minute = Math.floor(nowUs / MINUTE_US);
    if (!this.#trusted && !this.#jar.verify(cookie, from.address, from.port, minute)) {
      this.violations++;
      return;
    }
    const peerId = readInt(packet, HEADER_BYTES + 24) >>> 0;
    const key = `${from.address}:${from.port}/${peerId}`;
    if (this.#parts.onRepeat(key, nowUs)) return;
    let handshake: Handshake;
    try {
      handshake = parseHandshake(packet.subarray(HEADER_BYTES, length));
    } catch (error) {
      if (!(error instanceof WireViolation)) throw error;
      this.violations++;
      this.#refuse(from.path, peerId, REJECTION.ROGUE, nowUs);
      return;
    }
    if (handshake.version !== 5) {
      this.#refuse(from.path, peerId, REJECTION.VERSION, nowUs);
      return;
    }
    const request = this.#requestOf(handshake, from, timestamp, nowUs);
    const bonded = request.group !== undefined;
    this.#parts.onRequest(
      bonded ? { ...request, packet: Uint8Array.from(packet.subarray(0, length)) } : request,
      key,
    );
  }

  #requestOf(handshake: Handshake, from: Caller, timestamp: number, arrivedUs: number): ConnectionRequest {
    const offer = readOffer(handshake);
    const { socketId: peerId, initialSequence, cookie } = handshake;
    const { address, port, path, peerIp } = from;
    return {
      address,
      port,
      peerId,
      streamId: offer.streamId,
      peerVersion: offer.hello?.srtVersion ?? 0,
      encrypted: offer.keyMaterial !== undefined,
      group: offer.group,
      packet: undefined,
      reject: (code, nowUs) => this.#refuse(path, peerId, code, nowUs),
      accept: (options, localId, nowUs, group) => {
        const settlement = settleAsResponder({
          options,
          localId,
          handshake,
          timestamp,
          nowUs: arrivedUs,
          startUs: arrivedUs,
          handshakeRttUs: 0,
          // Both directions count from the caller's number.
          sendSequence: initialSequence,
          random: this.#parts.random,
          group,
        });
        if (!settlement.ok) {
          this.#refuse(path, peerId, settlement.rejection, nowUs);
          return settlement.rejection;
        }
        const { agreement, extensions } = settlement;
        const keyBytes = agreement.crypto.sending ? agreement.crypto.keyBytes : 0;
        const answer = conclusion({
          localId,
          options,
          keyBytes,
          initialSequence,
          cookie,
          peerIp,
          extensions,
        });
        const sendAnswer = (atUs: number): void => this.#send(answer, path, peerId, (atUs - arrivedUs) >>> 0);
        return { agreement, sendAnswer };
      },
    };
  }

  #refuse(path: Path, peerId: number, code: number, nowUs: number): void {
    const { options } = this.#parts;
    this.#send(
      {
        version: 5,
        encryption: 0,
        extensionField: 0,
        initialSequence: 0,
        maxPacketSize: options.maxPacketSize,
        flowWindow: options.flowWindow,
        requestType: code,
        socketId: this.#localId,
        cookie: 0,
        peerIp: new Uint8Array(16),
        extensions: [],
      },
      path,
      peerId,
      nowUs >>> 0,
    );
  }

  #send(handshake: Handshake, path: Path, socketId: number, timestamp: number): void {
    const packet = serializeControl(
      { type: CONTROL_HANDSHAKE, timestamp, socketId },
      serializeHandshake(handshake),
    );
    path.send(packet, packet.length);
  }
}

function readInt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}
