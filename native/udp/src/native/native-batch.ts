import { ADDRESS_WORDS } from "../ip.ts";
import { addressKey, UdpPeer, type Zones } from "../peer.ts";
import type { UdpPacketBatch } from "../socket.ts";
import type { Addon, Layout } from "./addon.ts";

/** Senders that are remembered, a power of two. */
const REMEMBERED = 256;

/** What the addon writes what it received into. One for all sockets of a thread, as it is only used during a call. */
export class NativePacketBatch implements UdpPacketBatch {
  count = 0;
  readonly memory: ArrayBuffer;
  readonly block: Uint8Array;
  readonly offsets: Int32Array;
  readonly lengths: Int32Array;
  /** The message that each packet came in. */
  readonly #messages: Int32Array;
  /** Addresses of the messages. */
  readonly #words: Int32Array;
  /** How long ago the kernel had each message, nanoseconds. */
  readonly #ages: Float64Array;
  readonly #stride: number;
  readonly #zones: Zones;
  readonly #sources: (UdpPeer | undefined)[] = new Array<undefined>(REMEMBERED).fill(undefined);
  #nowNs = 0;

  constructor(layout: Layout, zones: Zones) {
    const { receivePackets, receiveMessages, addressWords } = layout;
    this.memory = new ArrayBuffer(layout.receiveBytes);
    this.block = new Uint8Array(this.memory, 0, layout.agesAt);
    this.#ages = new Float64Array(this.memory, layout.agesAt, receiveMessages);
    this.offsets = new Int32Array(this.memory, layout.offsetsAt, receivePackets);
    this.lengths = new Int32Array(this.memory, layout.lengthsAt, receivePackets);
    this.#messages = new Int32Array(this.memory, layout.sendersAt, receivePackets);
    this.#words = new Int32Array(this.memory, layout.addressesAt, receiveMessages * addressWords);
    this.#stride = addressWords;
    this.#zones = zones;
  }

  /** The addon described `count` packets. */
  begin(count: number, nowNs: number): void {
    this.count = count;
    this.#nowNs = nowNs;
  }

  bytes(i: number): Uint8Array {
    const offset = this.offsets[i] as number;
    return this.block.subarray(offset, offset + (this.lengths[i] as number));
  }

  arrivalNs(i: number): number {
    return this.#nowNs - (this.#ages[this.#messages[i] as number] as number);
  }

  isFrom(i: number, peer: UdpPeer): boolean {
    return peer.is(this.#words, this.#at(i));
  }

  sourceKey(i: number): number {
    return addressKey(this.#words, this.#at(i));
  }

  source(i: number): UdpPeer {
    const at = this.#at(i);
    const slot = addressKey(this.#words, at) & (REMEMBERED - 1);
    const known = this.#sources[slot];
    if (known?.is(this.#words, at) === true) return known;
    const zone = this.#words[at + ADDRESS_WORDS - 1] as number;
    const made = new UdpPeer(this.#words, at, zone === 0 ? "" : this.#zones.nameOf(zone) || String(zone));
    this.#sources[slot] = made;
    return made;
  }

  #at(i: number): number {
    return (this.#messages[i] as number) * this.#stride;
  }
}

/** What the native sockets of one thread share. */
export interface NativeThread {
  readonly addon: Addon;
  readonly batch: NativePacketBatch;
  readonly zones: Zones;
}

let thread: NativeThread | undefined;

/** Sets the addon up in this thread, once. */
export function nativeThread(addon: Addon): NativeThread {
  if (thread?.addon === addon) return thread;
  const zones: Zones = {
    indexOf: (name) => addon.interfaceIndex(name),
    nameOf: (index) => addon.interfaceName(index),
  };
  const batch = new NativePacketBatch(addon.layout, zones);
  addon.setUp(batch.memory);
  thread = { addon, batch, zones };
  return thread;
}
