const NO_WORDS = new Int32Array(0);

/** 32-bit words, in the order of the machine, over the memory that packets lie in, which is mostly one slab. */
export class PacketWords {
  #words: Int32Array = NO_WORDS;

  /** All of the packet's memory: the word at its byte `n` is number `(packet.byteOffset + n) / 4`. */
  over(packet: Uint8Array): Int32Array {
    const { buffer } = packet;
    if (this.#words.buffer !== buffer) this.#words = new Int32Array(buffer, 0, buffer.byteLength >> 2);
    return this.#words;
  }
}
