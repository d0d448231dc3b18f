import { UdpError } from "./errors.ts";
import { ADDRESS_WORDS, readAddress, writeAddress } from "./ip.ts";

/**
 * Where datagrams go or come from: an IP address and a port, resolved once. Made by `UdpSocket.peer` or
 * `UdpPacketBatch.source`; immutable, needs no closing, and fits any socket of the same implementation.
 */
export class UdpPeer {
  /** As `inet_ntop` writes it; a mapped IPv4 address in its plain form; link-local ones of IPv6 with `%` and their zone. */
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
  /** The same as numbers, see `ip.ts`. */
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
  readonly word3: number;
  readonly word4: number;
  readonly word5: number;

  /** @param at where the six words of the address lie. */
  constructor(words: Int32Array, at: number, zone: string) {
    this.word0 = words[at] as number;
    this.word1 = words[at + 1] as number;
    this.word2 = words[at + 2] as number;
    this.word3 = words[at + 3] as number;
    this.word4 = words[at + 4] as number;
    this.word5 = words[at + 5] as number;
    this.family = this.word0 >>> 16 === 6 ? 6 : 4;
    this.port = this.word0 & 0xffff;
    this.address = zone === "" ? readAddress(words, at) : `${readAddress(words, at)}%${zone}`;
  }

  /** Whether the six words at `words[at]` say the same. */
  is(words: Int32Array, at: number): boolean {
    return (
      words[at] === this.word0 &&
      words[at + 1] === this.word1 &&
      words[at + 2] === this.word2 &&
      words[at + 3] === this.word3 &&
      words[at + 4] === this.word4 &&
      words[at + 5] === this.word5
    );
  }
}

/** Names and numbers of zones, that is of network interfaces. */
export interface Zones {
  /** 0 when there is no such interface. */
  indexOf(name: string): number;
  /** Empty when there is no such interface. */
  nameOf(index: number): string;
}

/** Throws `UdpError` EINVAL when `address` is no IP address or the port none, ENODEV when its zone is unknown. */
export function makePeer(address: string, port: number, zones: Zones): UdpPeer {
  const words = new Int32Array(ADDRESS_WORDS);
  const [plain = "", zone = ""] = address.split("%", 2);
  if (!writeAddress(words, 0, plain))
    throw new UdpError("address", "EINVAL", `"${address}" is no IP address`);
  if (!Number.isInteger(port) || port < 0 || port > 0xffff)
    throw new UdpError("address", "EINVAL", `${port} is no port`);
  words[0] = (words[0] as number) | port;
  if (zone !== "") {
    words[5] = zones.indexOf(zone);
    if (words[5] === 0) throw new UdpError("address", "ENODEV", `no zone for ${address}`);
  }
  return new UdpPeer(words, 0, zone === "" ? "" : zones.nameOf(words[5] as number));
}

/** Odd, so that no bit is lost; 2^32 by the golden ratio. */
const MIX = 0x9e37_79b1;

/** A number that equal addresses share and others nearly never do. */
export function addressKey(words: Int32Array, at: number): number {
  let key = 0;
  for (let i = 0; i < ADDRESS_WORDS; i++) {
    key = Math.imul(key ^ (words[at + i] as number), MIX);
    key ^= key >>> 15;
  }
  return key;
}
