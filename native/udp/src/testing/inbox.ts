import type { UdpPeer } from "../peer.ts";
import type { UdpSocket } from "../socket.ts";

/** For tests only: copies of what a socket received, in order. */
export class Inbox {
  readonly packets: Uint8Array[] = [];
  readonly sources: UdpPeer[] = [];
  #wanted = Number.POSITIVE_INFINITY;
  #wake: () => void = () => undefined;

  constructor(socket: UdpSocket) {
    socket.onPackets = (batch) => {
      for (let i = 0; i < batch.count; i++) {
        this.packets.push(batch.bytes(i).slice());
        this.sources.push(batch.source(i));
      }
      if (this.packets.length >= this.#wanted) this.#wake();
    };
  }

  /** Resolves when so many have come in all. */
  async until(count: number): Promise<void> {
    if (this.packets.length >= count) return;
    await new Promise<void>((resolve) => {
      this.#wanted = count;
      this.#wake = resolve;
    });
  }

  /** The first `count`, as text. */
  async texts(count: number): Promise<string[]> {
    await this.until(count);
    return this.packets.slice(0, count).map((bytes) => new TextDecoder().decode(bytes));
  }
}

const encoder = new TextEncoder();

/** For tests only. */
export function text(words: string): Uint8Array {
  return encoder.encode(words);
}

/** For tests only: a datagram that says its number and that can be told from any other of its length. */
export function numbered(number: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = number * 31 + i;
  if (length >= 4) new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}
