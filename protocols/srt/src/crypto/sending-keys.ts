import { KEY_EVEN, KEY_ODD } from "../wire/header.ts";
import {
  type CipherMode,
  createPacketKey,
  type KeyMessages,
  type OpenedKeys,
  sameBytes,
} from "./key-message.ts";
import type { PacketKey } from "./packet-key.ts";

/** An announcement is repeated after 1.5 round trips, and not more often than this. */
const LEAST_REPEAT_US = 10_000;

export interface RefreshSchedule {
  /** Packets that one key is used for. */
  readonly refreshPackets: number;
  /** How many packets before the change the next key is announced. */
  readonly announcePackets: number;
  readonly random: (bytes: number) => Uint8Array;
}

/**
 * The key that we send with, and its regular replacement (draft-sharabayko-srt §6.1.6): the next key, of the same salt,
 * is announced together with the current one before it is used, and goes under the other of the two flags.
 */
export class SendingKeys {
  /** Flag of the next packet. */
  flag: number;
  /** Changes of the key so far. */
  refreshes = 0;
  readonly mode: CipherMode;
  readonly #messages: KeyMessages;
  readonly #schedule: RefreshSchedule;
  #current: PacketKey;
  #next: PacketKey | undefined;
  #packets = 0;
  #announcement: Uint8Array | undefined;
  #answered = false;
  #announcedUs = 0;

  /** `keys`: those of the handshake; the even one is taken if there are both. */
  constructor(keys: OpenedKeys, messages: KeyMessages, schedule: RefreshSchedule) {
    this.mode = keys.mode;
    this.#messages = messages;
    this.#schedule = schedule;
    this.flag = keys.even === undefined ? KEY_ODD : KEY_EVEN;
    const secret = keys.even ?? keys.odd;
    if (secret === undefined) throw new RangeError("no key to send with");
    this.#current = createPacketKey(keys.mode, secret, keys.salt);
  }

  get keyBytes(): 16 | 24 | 32 {
    return this.#current.secret.length as 16 | 24 | 32;
  }

  /** Encrypts with the key of `flag`, and changes to the next key when it is time. */
  encrypt(packet: Uint8Array, length: number): number {
    const end = this.#current.encrypt(packet, length);
    const { refreshPackets, announcePackets } = this.#schedule;
    // A peer that does not answer may have missed the key: it gets the time of another announcement, as a key must not
    // be used for ever.
    if (
      ++this.#packets >= refreshPackets &&
      this.#next !== undefined &&
      (this.#answered || this.#packets >= refreshPackets + announcePackets)
    ) {
      this.#change(this.#next);
    }
    return end;
  }

  /** The message to send now, if any: a new announcement, or one without answer for 1.5 round trips. */
  due(nowUs: number, rttUs: number): Uint8Array | undefined {
    if (this.#next === undefined) {
      if (this.#packets <= this.#schedule.refreshPackets - this.#schedule.announcePackets) return undefined;
      this.#announce();
    } else if (this.#answered || nowUs - this.#announcedUs < Math.max(rttUs * 1.5, LEAST_REPEAT_US)) {
      return undefined;
    }
    this.#announcedUs = nowUs;
    return this.#announcement;
  }

  /** A KMRSP with a message: it is the answer if it is the one that we sent. */
  accepted(message: Uint8Array): void {
    if (this.#announcement !== undefined && sameBytes(message, this.#announcement)) this.#answered = true;
  }

  /** A KMRSP with a bad status: the current key stays for another period. */
  refused(): void {
    if (this.#next === undefined || this.#answered) return;
    this.#next = undefined;
    this.#announcement = undefined;
    this.#packets = 0;
  }

  #announce(): void {
    const { secret, salt } = this.#current;
    const next = this.#schedule.random(secret.length);
    const [even, odd] = this.flag === KEY_EVEN ? [secret, next] : [next, secret];
    this.#next = createPacketKey(this.mode, next, salt);
    this.#announcement = this.#messages.seal({ mode: this.mode, keyBytes: this.keyBytes, salt, even, odd });
    this.#answered = false;
  }

  #change(next: PacketKey): void {
    this.#current = next;
    this.#next = undefined;
    this.flag ^= KEY_EVEN | KEY_ODD;
    this.#packets = 0;
    this.refreshes++;
  }
}
