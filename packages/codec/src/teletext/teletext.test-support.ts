import { encodeHamming84, reverseBits } from "./coding.ts";

/** A packet: magazine 1 to 8, number, data block of 40 bytes, first transmitted bit lowest. */
export interface Packet {
  readonly magazine: number;
  readonly packet: number;
  readonly data: readonly number[];
}

export interface HeaderOptions {
  /** 0x888. */
  readonly page: number;
  readonly erase?: boolean;
  readonly subtitle?: boolean;
  readonly inhibit?: boolean;
  readonly serial?: boolean;
  /** C12 to C14. */
  readonly option?: number;
}

/** Packet X/0 (ETSI EN 300 706 §9.3.1). */
export function header(options: HeaderOptions): Packet {
  const { page, erase = true, subtitle = true, inhibit = false, serial = false, option = 0 } = options;
  const [c12, c13, c14] = [(option >> 2) & 1, (option >> 1) & 1, option & 1];
  const nibbles = [
    page & 15,
    (page >> 4) & 15,
    0,
    erase ? 8 : 0,
    0,
    subtitle ? 8 : 0,
    inhibit ? 8 : 0,
    (serial ? 1 : 0) | (c12 << 1) | (c13 << 2) | (c14 << 3),
  ];
  const text = Array.from({ length: 32 }, () => withParity(0x20));
  return { magazine: page >> 8, packet: 0, data: [...nibbles.map(encodeHamming84), ...text] };
}

/** Packets X/1 to X/24: codes from 0x00 to 0x7F, from the first column on. */
export function row(page: number, number: number, codes: readonly number[]): Packet {
  const data = Array.from({ length: 40 }, (_, i) => withParity(codes[i] ?? 0x20));
  return { magazine: page >> 8, packet: number, data };
}

/** Codes of a text in a box, where it is ASCII. */
export function boxed(text: string | readonly number[]): number[] {
  const codes = typeof text === "string" ? Array.from(text, (letter) => letter.charCodeAt(0)) : text;
  return [0x0d, 0x0b, 0x0b, ...codes, 0x0a, 0x0a];
}

/** Packet with a designation and triplets: X/26, X/28, M/29. */
export function triplets(
  page: number,
  number: number,
  { designation = 0, values }: { designation?: number; values: readonly number[] },
): Packet {
  const data = [encodeHamming84(designation)];
  for (let i = 0; i < 13; i++) data.push(...encodeHamming2418(values[i] ?? TERMINATION));
  return { magazine: page >> 8, packet: number, data };
}

/** Address, mode and data of an enhancement. */
export function enhancement(address: number, mode: number, data: number): number {
  return address | (mode << 6) | (data << 11);
}

const TERMINATION = enhancement(63, 0x1f, 0x7f);

/** A PES data field (ETSI EN 300 472 §4.3): it ends with a transport packet, the PES header taking 45 bytes. */
export function dataField(...packets: readonly Packet[]): Uint8Array {
  const bytes = [0x10];
  packets.forEach(({ magazine, packet, data }, i) => {
    const address = [(magazine & 7) | ((packet & 1) << 3), packet >> 1].map(encodeHamming84);
    bytes.push(0x03, 0x2c, 0xc0 | (7 + i), 0xe4, ...[...address, ...data].map(reverseBits));
  });
  while ((bytes.length + 45) % 184 !== 0) bytes.push(0xff, 0x2c, ...new Array<number>(0x2c).fill(0xff));
  return Uint8Array.from(bytes);
}

export function withParity(code: number): number {
  let ones = 0;
  for (let bits = code; bits > 0; bits >>= 1) ones += bits & 1;
  return ones % 2 === 1 ? code : code | 0x80;
}

/** By its definition: each of five parities is odd over its places, and so is the whole (ETSI EN 300 706 §8.3). */
export function encodeHamming2418(value: number): [number, number, number] {
  const bits = new Array<number>(25).fill(0);
  let taken = 0;
  for (let place = 1; place < 24; place++)
    if ((place & (place - 1)) !== 0) bits[place] = (value >> taken++) & 1;
  for (let power = 1; power < 24; power *= 2) {
    let ones = 0;
    for (let place = 1; place < 24; place++) if (place & power) ones += bits[place] as number;
    bits[power] = 1 - (ones % 2);
  }
  bits[24] = 1 - (bits.reduce((sum, bit) => sum + bit, 0) % 2);
  const word = bits.slice(1).reduce((sum, bit, i) => sum | (bit << i), 0);
  return [word & 0xff, (word >> 8) & 0xff, (word >> 16) & 0xff];
}
