/**
 * SEI messages (ITU-T H.264 §7.3.2.3.1, H.265 §7.3.5): the same form in both codecs behind NAL headers of one and two
 * bytes. Walked without removing emulation prevention first, so that looking for a message allocates nothing.
 */

/** SEI payload types that Millrace looks at; the numbers are the same in both codecs. */
export const SEI = {
  bufferingPeriod: 0,
  picTiming: 1,
  userDataRegistered: 4,
  userDataUnregistered: 5,
  recoveryPoint: 6,
  masteringDisplay: 137,
  contentLightLevel: 144,
  alternativeTransfer: 147,
} as const;

/** A cursor over the messages of one SEI NAL unit; reusable. */
export class SeiWalker {
  /** payloadType of the message that `next` found. */
  type = 0;
  /** payloadSize, in bytes without emulation prevention. */
  size = 0;
  /** The message stands at `buf[start..end)`, emulation prevention bytes included. */
  start = 0;
  end = 0;

  #buf: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;
  #zeros = 0;

  /** Begins at `start`, behind the NAL header. */
  open(buf: Uint8Array, start: number, end: number): void {
    this.#buf = buf;
    this.#at = start;
    this.#end = end;
    this.#zeros = 0;
  }

  /** Moves to the next message; false at the end and where a message is cut short. */
  next(): boolean {
    // More than the trailing bits (a byte 80) must be left.
    if (this.#end - this.#at < 2) return false;
    const type = this.#readCoded();
    const size = this.#readCoded();
    if (type < 0 || size < 0) return false;
    this.type = type;
    this.size = size;
    this.start = this.#at;
    for (let i = 0; i < size; i++) if (this.#readByte() < 0) return false;
    this.end = this.#at;
    return true;
  }

  /** Sum of bytes up to the first that is not 255; -1 past the end. */
  #readCoded(): number {
    let value = 0;
    for (;;) {
      const byte = this.#readByte();
      if (byte < 0) return -1;
      value += byte;
      if (byte !== 255) return value;
    }
  }

  #readByte(): number {
    if (this.#at >= this.#end) return -1;
    let byte = this.#buf[this.#at++] as number;
    if (byte === 3 && this.#zeros >= 2) {
      this.#zeros = 0;
      if (this.#at >= this.#end) return -1;
      byte = this.#buf[this.#at++] as number;
    }
    this.#zeros = byte === 0 ? this.#zeros + 1 : 0;
    return byte;
  }
}

/** itu_t_t35 bytes that announce ATSC A/53 closed captions: country US, provider ATSC, "GA94", type cc_data. */
const A53: readonly number[] = [0xb5, 0x00, 0x31, 0x47, 0x41, 0x39, 0x34, 0x03];

/** Whether the user data (without emulation prevention, from country code on) is an ATSC A/53 caption message. */
export function isA53Captions(payload: Uint8Array): boolean {
  return payload.length > A53.length && A53.every((byte, i) => payload[i] === byte);
}
