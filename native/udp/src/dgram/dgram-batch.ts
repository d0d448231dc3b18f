import type { RemoteInfo } from "node:dgram";
import { systemZones } from "../interfaces.ts";
import { ADDRESS_WORDS } from "../ip.ts";
import { addressKey, makePeer, type UdpPeer } from "../peer.ts";
import type { UdpPacketBatch } from "../socket.ts";

/** Senders that are remembered before all are forgotten. */
const REMEMBERED = 1024;

/** One datagram as node:dgram delivers it. */
export class DgramPacketBatch implements UdpPacketBatch {
  readonly count = 1;
  block: Uint8Array = new Uint8Array(0);
  readonly offsets: Int32Array = new Int32Array(1);
  readonly lengths: Int32Array = new Int32Array(1);
  readonly #sources = new Map<string, UdpPeer>();
  readonly #words = new Int32Array(ADDRESS_WORDS);
  #nowNs = 0;
  #source: UdpPeer | undefined;
  /** Its address as node:dgram writes it: that of IPv4 is another one on a socket of IPv6. */
  #fromAddress = "";
  #fromPort = -1;

  begin(message: Uint8Array, from: RemoteInfo, nowNs: number): void {
    // Not a Buffer, whose slice() is no copy.
    this.block = new Uint8Array(message.buffer, message.byteOffset, message.length);
    this.lengths[0] = message.length;
    this.#nowNs = nowNs;
    if (this.#fromPort === from.port && this.#fromAddress === from.address) return;
    this.#fromAddress = from.address;
    this.#fromPort = from.port;
    this.#source = this.#lookUp(from);
  }

  bytes(_i: number): Uint8Array {
    return this.block;
  }

  arrivalNs(_i: number): number {
    return this.#nowNs;
  }

  isFrom(i: number, peer: UdpPeer): boolean {
    const source = this.source(i);
    return source === peer || (source.port === peer.port && source.address === peer.address);
  }

  sourceKey(i: number): number {
    const { word0, word1, word2, word3, word4, word5 } = this.source(i);
    this.#words.set([word0, word1, word2, word3, word4, word5]);
    return addressKey(this.#words, 0);
  }

  source(_i: number): UdpPeer {
    return this.#source as UdpPeer;
  }

  #lookUp(from: RemoteInfo): UdpPeer {
    const key = `${from.address} ${from.port}`;
    const known = this.#sources.get(key);
    if (known !== undefined) return known;
    if (this.#sources.size >= REMEMBERED) this.#sources.clear();
    const made = makePeer(from.address, from.port, systemZones);
    this.#sources.set(key, made);
    return made;
  }
}
