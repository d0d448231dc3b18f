import { KEY_EVEN, KEY_NONE, KEY_ODD } from "../wire/header.ts";
import {
  KM_BAD_CRYPTO_MODE,
  KM_BAD_SECRET,
  KM_NO_SECRET,
  KM_SECURED,
  KM_SECURING,
  KM_UNSECURED,
  parseKeyStatus,
  serializeKeyStatus,
} from "../wire/key-material.ts";
import {
  type CipherMode,
  createPacketKey,
  KeyMessages,
  type OpenedKeys,
  SALT_BYTES,
  sameBytes,
} from "./key-message.ts";
import { type PacketKey, TAG_BYTES } from "./packet-key.ts";
import { SendingKeys } from "./sending-keys.ts";

export interface CryptoOptions {
  /** 10 to 79 characters; undefined: no encryption of our own. */
  readonly passphrase: string | undefined;
  /** Bytes of AES keys that we make; 0 is 16. A responder takes what the initiator offers, as libsrt does. */
  readonly keyBytes: 0 | 16 | 24 | 32;
  /** "auto": CTR as initiator, whatever is offered as responder. GCM has no keys of 24 bytes. */
  readonly mode: "auto" | "ctr" | "gcm";
  /** Packets that one key is used for; 2²⁴ with libsrt. */
  readonly refreshPackets: number;
  /** Packets before the change that the next key is announced; 2¹² with libsrt, at most (refresh − 1) / 2. */
  readonly announcePackets: number;
  /** Bytes fit for keys; each call gives new memory. */
  readonly random: (bytes: number) => Uint8Array;
}

/**
 * Encryption of one connection (draft-sharabayko-srt §6), both directions.
 *
 * The initiator makes a key and both sides begin to send with it, as HSv5 peers of libsrt up to 1.5 do. Each side then
 * replaces its own key when it has sent enough with it.
 */
export class SessionCrypto {
  /** `KM_*` of what we send. */
  sendState: number = KM_UNSECURED;
  /** `KM_*` of what we receive. */
  receiveState: number = KM_UNSECURED;
  readonly #options: CryptoOptions;
  readonly #messages: KeyMessages | undefined;
  #sending: SendingKeys | undefined;
  #even: PacketKey | undefined;
  #odd: PacketKey | undefined;
  #receiveMode: CipherMode | undefined;
  #offer: { readonly message: Uint8Array; readonly keys: OpenedKeys } | undefined;
  #accepted: Uint8Array | undefined;

  /** Throws RangeError for options that contradict each other: whoever reads configuration refuses them first. */
  constructor(options: CryptoOptions) {
    if (options.announcePackets * 2 > options.refreshPackets - 1) {
      throw new RangeError("a key is announced at most half of its time before it is used");
    }
    if (options.mode === "gcm" && options.keyBytes === 24) throw new RangeError("no AES-192 with GCM");
    this.#options = options;
    if (options.passphrase !== undefined) this.#messages = new KeyMessages(options.passphrase);
  }

  /** What follows KMREQ in our conclusion; undefined without a passphrase. The same when asked again. */
  initiate(): Uint8Array | undefined {
    if (this.#messages === undefined) return undefined;
    if (this.#offer === undefined) {
      const keys = this.#makeKeys(this.#options.mode === "gcm" ? "gcm" : "ctr");
      this.#offer = { message: this.#messages.seal(keys), keys };
      this.#sendWith(keys);
      this.sendState = KM_SECURING;
    }
    return this.#offer.message;
  }

  /**
   * Answers the initiator's KMREQ, or its absence. The result is what follows KMRSP: the same message when we have its
   * keys now, otherwise a status of 4 bytes; undefined when neither side encrypts. Repeated requests are answered alike.
   */
  respond(kmreq: Uint8Array | undefined): Uint8Array | undefined {
    if (this.#messages === undefined) {
      if (kmreq === undefined) return undefined;
      this.receiveState = KM_NO_SECRET;
      return serializeKeyStatus(KM_NO_SECRET);
    }
    if (kmreq === undefined) {
      this.#fail(KM_NO_SECRET, KM_UNSECURED);
      return serializeKeyStatus(KM_UNSECURED);
    }
    if (this.#accepted !== undefined && sameBytes(kmreq, this.#accepted)) return this.#accepted;
    const opened = this.#messages.open(kmreq, this.#options.mode);
    if (typeof opened === "number") {
      if (this.#accepted === undefined) this.#fail(opened, opened);
      return serializeKeyStatus(opened);
    }
    this.#receiveWith(opened);
    this.#sendWith(opened);
    this.sendState = KM_SECURED;
    this.#accepted = kmreq.slice();
    return this.#accepted;
  }

  /** What the responder said to `initiate()`; undefined when its answer has no KMRSP. */
  conclude(kmrsp: Uint8Array | undefined): void {
    if (this.#offer === undefined) {
      // The responder has a passphrase, and we do not.
      if (kmrsp !== undefined) this.receiveState = KM_NO_SECRET;
      return;
    }
    if (kmrsp === undefined) {
      this.#fail(KM_NO_SECRET, KM_UNSECURED);
      return;
    }
    if (sameBytes(kmrsp, this.#offer.message)) {
      this.#receiveWith(this.#offer.keys);
      this.sendState = KM_SECURED;
      return;
    }
    const status = parseKeyStatus(kmrsp);
    if (status === KM_NO_SECRET) this.#fail(KM_NO_SECRET, KM_UNSECURED);
    else if (status === KM_BAD_CRYPTO_MODE) this.#fail(status, status);
    else this.#fail(KM_BAD_SECRET, KM_BAD_SECRET);
  }

  /** New keys of the peer during the connection. The result is the KMRSP; after a bad one the old keys stay in force. */
  onRefresh(kmreq: Uint8Array): Uint8Array {
    if (this.#messages === undefined) return serializeKeyStatus(KM_NO_SECRET);
    const opened = this.#messages.open(kmreq, this.#receiveMode ?? this.#options.mode);
    if (typeof opened === "number") return serializeKeyStatus(opened);
    this.#receiveWith(opened);
    return kmreq.slice();
  }

  /** The answer to a message of `due()`. */
  onRefreshAnswer(kmrsp: Uint8Array): void {
    const status = parseKeyStatus(kmrsp);
    if (status === undefined) this.#sending?.accepted(kmrsp);
    else this.#sending?.refused();
  }

  /**
   * Packets must be encrypted. So it is with a passphrase even if the peer has none: nothing leaves in clear, though the
   * peer cannot read it.
   */
  get sending(): boolean {
    return this.#sending !== undefined;
  }

  /** Flag for the next packet: `KEY_NONE`, `KEY_EVEN` or `KEY_ODD`. */
  get sendKey(): number {
    return this.#sending === undefined ? KEY_NONE : this.#sending.flag;
  }

  /** Bytes of the key that we send with, offered or agreed on; 0 without encryption. */
  get keyBytes(): 0 | 16 | 24 | 32 {
    return this.#sending === undefined ? 0 : this.#sending.keyBytes;
  }

  /** By how much encryption lengthens a packet: 0, or 16 with GCM. */
  get overheadBytes(): number {
    return this.#sending?.mode === "gcm" ? TAG_BYTES : 0;
  }

  /** How often our own key has been replaced. */
  get keyRefreshes(): number {
    return this.#sending === undefined ? 0 : this.#sending.refreshes;
  }

  /**
   * Encrypts a whole packet in place, its header complete with `sendKey` as flag and not retransmitted; gives its new
   * length, for which it must have room. Throws RangeError when nothing is to be encrypted.
   */
  encrypt(packet: Uint8Array, length: number): number {
    if (this.#sending === undefined) throw new RangeError("no key to encrypt with");
    return this.#sending.encrypt(packet, length);
  }

  /**
   * Decrypts a whole packet in place with the key that its header names; gives its new length, or -1 when it must be
   * dropped: no such key, not authentic, or in clear although the peer agreed to encrypt.
   */
  decrypt(packet: Uint8Array, length: number): number {
    const flag = ((packet[4] as number) >> 3) & 3;
    if (flag === KEY_NONE) return this.receiveState === KM_SECURED ? -1 : length;
    const key = flag === KEY_EVEN ? this.#even : flag === KEY_ODD ? this.#odd : undefined;
    return key === undefined ? -1 : key.decrypt(packet, length);
  }

  /** A KMREQ to send now, if any: the next key, repeated every 1.5 round trips until it is answered. */
  due(nowUs: number, rttUs: number): Uint8Array | undefined {
    return this.sendState === KM_SECURED ? this.#sending?.due(nowUs, rttUs) : undefined;
  }

  #makeKeys(mode: CipherMode): OpenedKeys {
    const { random } = this.#options;
    const keyBytes = this.#options.keyBytes || 16;
    return { mode, keyBytes, salt: random(SALT_BYTES), even: random(keyBytes), odd: undefined };
  }

  #sendWith(keys: OpenedKeys): void {
    if (this.#messages !== undefined) this.#sending = new SendingKeys(keys, this.#messages, this.#options);
  }

  #receiveWith({ mode, salt, even, odd }: OpenedKeys): void {
    if (even !== undefined) this.#even = renew(this.#even, mode, even, salt);
    if (odd !== undefined) this.#odd = renew(this.#odd, mode, odd, salt);
    this.#receiveMode = mode;
    this.receiveState = KM_SECURED;
  }

  #fail(sendState: number, receiveState: number): void {
    this.sendState = sendState;
    this.receiveState = receiveState;
    // Keys that nobody else knows.
    if (this.#sending === undefined)
      this.#sendWith(this.#makeKeys(this.#options.mode === "gcm" ? "gcm" : "ctr"));
  }
}

/** The key, unless it is the one that is in use: an announcement repeats the current one. */
function renew(
  now: PacketKey | undefined,
  mode: CipherMode,
  secret: Uint8Array,
  salt: Uint8Array,
): PacketKey {
  if (now !== undefined && sameBytes(now.secret, secret) && sameBytes(now.salt, salt)) return now;
  return createPacketKey(mode, secret, salt);
}
