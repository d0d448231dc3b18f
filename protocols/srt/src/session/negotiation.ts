import { SessionCrypto } from "../crypto/session-crypto.ts";
import { agreeFilter, FILTER_EXTRA_BYTES, parseFilter } from "../filter/config.ts";
import {
  EXTENSION_FIELD_CONFIG,
  EXTENSION_FIELD_HSREQ,
  EXTENSION_FIELD_KMREQ,
  FLAG_CRYPT,
  FLAG_PACKET_FILTER,
  FLAG_PERIODICNAK,
  FLAG_REXMITFLG,
  FLAG_STREAM,
  FLAG_TLPKTDROP,
  FLAG_TSBPDRCV,
  FLAG_TSBPDSND,
  type HandshakeExtension,
} from "../wire/extension.ts";
import { type Handshake, REQUEST_CONCLUSION } from "../wire/handshake.ts";
import { HEADER_BYTES } from "../wire/header.ts";
import { KM_BAD_CRYPTO_MODE, KM_BAD_SECRET, KM_SECURED, KM_UNSECURED } from "../wire/key-material.ts";
import { REJECTION } from "../wire/rejection.ts";
import type { Agreement, GroupMembership } from "./agreement.ts";
import { LEAST_PACKET_SIZE, SRT_VERSION, type SrtOptions, UDP_IP_BYTES } from "./options.ts";

/** What a peer's conclusion handshake says, sorted. */
export interface PeerOffer {
  readonly hello:
    | { srtVersion: number; flags: number; receiverDelayMs: number; senderDelayMs: number }
    | undefined;
  readonly isRequest: boolean;
  readonly keyMaterial: Uint8Array | undefined;
  readonly streamId: string;
  readonly congestion: string;
  readonly filter: string | undefined;
  readonly group: GroupMembership | undefined;
}

export function readOffer(handshake: Handshake): PeerOffer {
  let hello: PeerOffer["hello"];
  let isRequest = false;
  let keyMaterial: Uint8Array | undefined;
  let group: GroupMembership | undefined;
  let [streamId, congestion] = ["", "live"];
  let filter: string | undefined;
  for (const extension of handshake.extensions) {
    if (extension.kind === "hsreq" || extension.kind === "hsrsp") {
      hello = extension;
      isRequest = extension.kind === "hsreq";
    } else if (extension.kind === "kmreq" || extension.kind === "kmrsp") keyMaterial = extension.bytes;
    else if (extension.kind === "streamid") streamId = extension.text;
    else if (extension.kind === "congestion") congestion = extension.text;
    else if (extension.kind === "filter") filter = extension.text;
    else if (extension.kind === "group") group = extension;
  }
  return { hello, isRequest, keyMaterial, streamId, congestion, filter, group };
}

export function makeCrypto(
  options: SrtOptions,
  keyBytes: SrtOptions["keyBytes"],
  random: (bytes: number) => Uint8Array,
): SessionCrypto {
  const wanted = options.keyBytes === 0 ? keyBytes : options.keyBytes;
  return new SessionCrypto({
    passphrase: options.passphrase,
    // GCM has no keys of 24 bytes; a peer may well ask for them.
    keyBytes: wanted === 24 && options.cryptoMode === "gcm" ? 32 : wanted,
    mode: options.cryptoMode,
    refreshPackets: options.keyRefreshPackets,
    announcePackets: options.keyAnnouncePackets,
    random,
  });
}

/** The capabilities that we state. */
export function ownFlags(options: SrtOptions): number {
  let flags = FLAG_CRYPT | FLAG_REXMITFLG | FLAG_PACKET_FILTER;
  if (options.tsbpd) flags |= FLAG_TSBPDSND | FLAG_TSBPDRCV;
  if (options.tooLateDrop) flags |= FLAG_TLPKTDROP;
  if (options.nakReport) flags |= FLAG_PERIODICNAK;
  return flags;
}

export interface RequestParts {
  readonly options: SrtOptions;
  readonly keyMaterial: Uint8Array | undefined;
  readonly group: GroupMembership | undefined;
}

/** The extensions of whoever initiates. */
export function requestExtensions(parts: RequestParts): readonly HandshakeExtension[] {
  const { options, keyMaterial, group } = parts;
  const extensions: HandshakeExtension[] = [
    {
      kind: "hsreq",
      srtVersion: SRT_VERSION,
      flags: ownFlags(options),
      receiverDelayMs: options.receiveLatencyMs,
      senderDelayMs: options.peerLatencyMs,
    },
  ];
  if (keyMaterial !== undefined) extensions.push({ kind: "kmreq", bytes: keyMaterial });
  if (options.streamId !== "") extensions.push({ kind: "streamid", text: options.streamId });
  if (options.packetFilter !== undefined) extensions.push({ kind: "filter", text: options.packetFilter });
  if (group !== undefined) extensions.push({ kind: "group", command: "group", ...group });
  return extensions;
}

/** Bits of the extension field for these extensions (draft-sharabayko-srt §3.2.1). */
export function extensionBits(extensions: readonly HandshakeExtension[]): number {
  let bits = 0;
  for (const { kind } of extensions) {
    if (kind === "hsreq" || kind === "hsrsp") bits |= EXTENSION_FIELD_HSREQ;
    else if (kind === "kmreq" || kind === "kmrsp") bits |= EXTENSION_FIELD_KMREQ;
    else bits |= EXTENSION_FIELD_CONFIG;
  }
  return bits;
}

export interface Meeting {
  readonly options: SrtOptions;
  readonly localId: number;
  /** The peer's conclusion, and what its header and arrival say of time. */
  readonly handshake: Handshake;
  readonly timestamp: number;
  readonly nowUs: number;
  readonly startUs: number;
  /** Number of our first packet. */
  readonly sendSequence: number;
  readonly handshakeRttUs: number;
  readonly random: (bytes: number) => Uint8Array;
  readonly group: GroupMembership | undefined;
}

export type Settlement =
  | { readonly ok: true; readonly agreement: Agreement; readonly extensions: readonly HandshakeExtension[] }
  | { readonly ok: false; readonly rejection: number };

/** Answers an initiator's conclusion: the agreement and our extensions, or the code of refusal. */
export function settleAsResponder(meeting: Meeting): Settlement {
  const { options, handshake } = meeting;
  const offer = readOffer(handshake);
  const { hello } = offer;
  if (hello === undefined || !offer.isRequest) return refuse(REJECTION.ROGUE);
  if (handshake.maxPacketSize < LEAST_PACKET_SIZE) return refuse(REJECTION.ROGUE);
  if (hello.srtVersion < options.minVersion) return refuse(REJECTION.VERSION);
  if ((hello.flags & FLAG_STREAM) !== 0) return refuse(REJECTION.MESSAGEAPI);
  if (offer.congestion !== "live") return refuse(REJECTION.CONGESTION);
  const filters = (hello.flags & FLAG_PACKET_FILTER) !== 0;
  const filter = agreeFilter(options.packetFilter, filters ? offer.filter : undefined);
  if (!filter.ok || (filter.text !== undefined && !filters)) return refuse(REJECTION.FILTER);
  const crypto = makeCrypto(options, 0, meeting.random);
  const keyAnswer = crypto.respond(offer.keyMaterial);
  const refusal = judgeKeys(options, crypto) ?? judgeMode(crypto, hello.srtVersion);
  if (refusal !== undefined) return refuse(refusal);
  const receiveLatencyMs = Math.max(options.receiveLatencyMs, hello.senderDelayMs);
  const peerLatencyMs = Math.max(options.peerLatencyMs, hello.receiverDelayMs);
  const extensions: HandshakeExtension[] = [
    {
      kind: "hsrsp",
      srtVersion: SRT_VERSION,
      flags: ownFlags(options),
      receiverDelayMs: receiveLatencyMs,
      senderDelayMs: peerLatencyMs,
    },
  ];
  if (keyAnswer !== undefined) extensions.push({ kind: "kmrsp", bytes: keyAnswer });
  if (filter.text !== undefined) extensions.push({ kind: "filter", text: filter.text });
  if (meeting.group !== undefined) extensions.push({ kind: "group", command: "group", ...meeting.group });
  const agreement = agree(meeting, {
    offer,
    crypto,
    filterText: filter.text,
    receiveLatencyMs,
    peerLatencyMs,
    streamId: offer.streamId,
  });
  return { ok: true, agreement, extensions };
}

/** Takes the responder's conclusion. */
export function settleAsInitiator(meeting: Meeting, crypto: SessionCrypto): Settlement {
  const { options, handshake } = meeting;
  const offer = readOffer(handshake);
  const { hello } = offer;
  if (hello === undefined || offer.isRequest) return refuse(REJECTION.ROGUE);
  if (handshake.maxPacketSize < LEAST_PACKET_SIZE) return refuse(REJECTION.ROGUE);
  if (hello.srtVersion < options.minVersion) return refuse(REJECTION.VERSION);
  crypto.conclude(offer.keyMaterial);
  const refusal = judgeKeys(options, crypto) ?? judgeMode(crypto, hello.srtVersion);
  if (refusal !== undefined) return refuse(refusal);
  const filter = agreeFilter(options.packetFilter, offer.filter);
  if (!filter.ok) return refuse(REJECTION.FILTER);
  const agreement = agree(meeting, {
    offer,
    crypto,
    filterText: offer.filter === undefined ? undefined : filter.text,
    receiveLatencyMs: hello.senderDelayMs,
    peerLatencyMs: hello.receiverDelayMs,
    streamId: options.streamId,
  });
  return { ok: true, agreement, extensions: [] };
}

function refuse(rejection: number): Settlement {
  return { ok: false, rejection };
}

/** The code of refusal unless both sides can read each other (docs/features/encryption.md). */
function judgeKeys(options: SrtOptions, { sendState, receiveState }: SessionCrypto): number | undefined {
  if (!options.enforcedEncryption) return undefined;
  if (sendState === receiveState && (sendState === KM_SECURED || sendState === KM_UNSECURED))
    return undefined;
  if (sendState === KM_BAD_CRYPTO_MODE) return REJECTION.CRYPTO;
  return sendState === KM_BAD_SECRET ? REJECTION.BADSECRET : REJECTION.UNSECURE;
}

/** The GCM of libsrt 1.5.2 and 1.5.3 is another one, and repeats its nonces. */
function judgeMode(crypto: SessionCrypto, peerVersion: number): number | undefined {
  return crypto.overheadBytes > 0 && peerVersion < SRT_VERSION ? REJECTION.CRYPTO : undefined;
}

interface Settled {
  readonly offer: PeerOffer;
  readonly crypto: SessionCrypto;
  readonly filterText: string | undefined;
  readonly receiveLatencyMs: number;
  readonly peerLatencyMs: number;
  readonly streamId: string;
}

function agree(meeting: Meeting, settled: Settled): Agreement {
  const { options, handshake } = meeting;
  const { offer, crypto, filterText } = settled;
  const maxPacketSize = Math.min(options.maxPacketSize, handshake.maxPacketSize);
  const filter = filterText === undefined || filterText === "" ? undefined : parseFilter(filterText);
  const extra = (filter === undefined ? 0 : FILTER_EXTRA_BYTES) + crypto.overheadBytes;
  const room = maxPacketSize - UDP_IP_BYTES - HEADER_BYTES - extra;
  return {
    localId: meeting.localId,
    peerId: handshake.socketId,
    peerVersion: offer.hello?.srtVersion ?? 0,
    peerFlags: offer.hello?.flags ?? 0,
    sendSequence: meeting.sendSequence,
    receiveSequence: handshake.initialSequence,
    maxPacketSize,
    flowWindow: handshake.flowWindow,
    receiveLatencyMs: settled.receiveLatencyMs,
    peerLatencyMs: settled.peerLatencyMs,
    peerTimeUs: meeting.nowUs,
    peerTimestamp: meeting.timestamp,
    startUs: meeting.startUs,
    handshakeRttUs: meeting.handshakeRttUs,
    crypto,
    filter,
    filterText,
    streamId: settled.streamId,
    peerGroup: offer.group,
    ownGroup: meeting.group,
    payloadBytes: Math.min(options.payloadBytes, room),
    filterPayloadBytes:
      maxPacketSize - UDP_IP_BYTES - HEADER_BYTES - (filter === undefined ? 0 : FILTER_EXTRA_BYTES),
  };
}

export interface AnswerParts {
  readonly localId: number;
  readonly options: SrtOptions;
  readonly keyBytes: number;
  readonly initialSequence: number;
  readonly cookie: number;
  readonly peerIp: Uint8Array;
  readonly extensions: readonly HandshakeExtension[];
}

/** A conclusion of ours. */
export function conclusion(parts: AnswerParts): Handshake {
  const { options } = parts;
  return {
    version: 5,
    encryption: parts.keyBytes / 8,
    extensionField: extensionBits(parts.extensions),
    initialSequence: parts.initialSequence,
    maxPacketSize: options.maxPacketSize,
    flowWindow: options.flowWindow,
    requestType: REQUEST_CONCLUSION,
    socketId: parts.localId,
    cookie: parts.cookie,
    peerIp: parts.peerIp,
    extensions: parts.extensions,
  };
}
