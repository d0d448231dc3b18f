import { PACKET } from "../../e2e/kit/capture.ts";
import { TsGenerator } from "../../e2e/kit/generator.ts";

const FRAMES_A_SECOND = 25;
export const PACKETS_A_DATAGRAM = 7;
const DATAGRAM = PACKETS_A_DATAGRAM * PACKET;
const NUMBER_BYTES = 8;

/** A transport stream at a constant rate, in datagrams of seven packets, with each packet's number at its end. */
export class NumberedTs {
  /** Bits a second, exactly: whole packets in each frame. */
  readonly bitsPerSecond: number;
  /** Packets made so far; the first has number 0. */
  packets = 0;
  readonly #generator: TsGenerator;
  #left: Buffer = Buffer.alloc(0);

  constructor(bitsPerSecond: number) {
    const perFrame = Math.max(3, Math.round(bitsPerSecond / 8 / FRAMES_A_SECOND / PACKET));
    this.bitsPerSecond = perFrame * FRAMES_A_SECOND * PACKET * 8;
    this.#generator = new TsGenerator({ bitrate: this.bitsPerSecond });
  }

  /** From one datagram to the next, milliseconds. */
  get datagramMs(): number {
    return (DATAGRAM * 8000) / this.bitsPerSecond;
  }

  nextDatagram(): Buffer {
    while (this.#left.length < DATAGRAM) this.#left = Buffer.concat([this.#left, this.#nextFrame()]);
    const datagram = this.#left.subarray(0, DATAGRAM);
    this.#left = this.#left.subarray(DATAGRAM);
    return datagram;
  }

  #nextFrame(): Buffer {
    const frame = this.#generator.nextFrame();
    for (let end = PACKET; end <= frame.length; end += PACKET) {
      frame.writeBigUInt64BE(BigInt(this.packets++), end - NUMBER_BYTES);
    }
    return frame;
  }
}

/** What came of a numbered stream. Counts are of transport-stream packets. */
export interface Arrivals {
  readonly packets: number;
  readonly unique: number;
  readonly duplicates: number;
  /** Came after one with a higher number. */
  readonly reordered: number;
  /** Lowest and highest number; -1 when nothing came. */
  readonly first: number;
  readonly last: number;
  /** Numbers between them that did not come, as runs: first and last number of each; the first hundred. */
  readonly missing: readonly (readonly [number, number])[];
  /** Without a sync byte, or with a number that cannot be. */
  readonly broken: number;
}

const MOST_NUMBERS = 1 << 26;
const MOST_RUNS = 100;

/** Counts what comes of a numbered stream. */
export class ArrivalCounter {
  #seen = new Uint8Array(1 << 16);
  #packets = 0;
  #unique = 0;
  #duplicates = 0;
  #reordered = 0;
  #first = -1;
  #last = -1;
  #broken = 0;

  get unique(): number {
    return this.#unique;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length % PACKET !== 0) this.#broken++;
    for (let at = 0; at + PACKET <= bytes.length; at += PACKET) this.#take(bytes, at);
  }

  report(): Arrivals {
    return {
      packets: this.#packets,
      unique: this.#unique,
      duplicates: this.#duplicates,
      reordered: this.#reordered,
      first: this.#first,
      last: this.#last,
      missing: this.#missing(),
      broken: this.#broken,
    };
  }

  /** How many of the numbers from one up to, not including, another did not come. */
  missingBetween(from: number, to: number): number {
    let missing = 0;
    for (let number = from; number < to; number++) if (this.#seen[number] !== 1) missing++;
    return missing;
  }

  #take(bytes: Uint8Array, at: number): void {
    this.#packets++;
    const end = at + PACKET - NUMBER_BYTES;
    const number = new DataView(bytes.buffer, bytes.byteOffset + end, NUMBER_BYTES).getBigUint64(0);
    if (bytes[at] !== 0x47 || number >= MOST_NUMBERS) {
      this.#broken++;
      return;
    }
    this.#count(Number(number));
  }

  #count(number: number): void {
    while (number >= this.#seen.length) {
      const grown = new Uint8Array(this.#seen.length * 2);
      grown.set(this.#seen);
      this.#seen = grown;
    }
    if (this.#seen[number] === 1) {
      this.#duplicates++;
      return;
    }
    this.#seen[number] = 1;
    this.#unique++;
    if (number < this.#last) this.#reordered++;
    this.#last = Math.max(this.#last, number);
    this.#first = this.#first < 0 ? number : Math.min(this.#first, number);
  }

  #missing(): [number, number][] {
    const runs: [number, number][] = [];
    for (let number = this.#first; number >= 0 && number < this.#last && runs.length < MOST_RUNS; number++) {
      if (this.#seen[number] === 1) continue;
      let end = number;
      while (this.#seen[end + 1] !== 1) end++;
      runs.push([number, end]);
      number = end;
    }
    return runs;
  }
}
