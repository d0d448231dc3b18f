/** Which packets of a window have come. The window ends with the newest and moves with it. */
export class ReceivedPackets {
  readonly size: number;
  /** The newest packet, there or not; −1 before the first. */
  newest = -1;
  readonly #cells: Int32Array;

  constructor(size: number) {
    this.size = size;
    this.#cells = new Int32Array(size).fill(-1);
  }

  covers(packet: number): boolean {
    return packet >= 0 && packet <= this.newest && packet > this.newest - this.size;
  }

  add(packet: number): void {
    this.#cells[packet % this.size] = packet | 0;
  }

  /** False for what the window has left. */
  has(packet: number): boolean {
    return this.covers(packet) && this.#cells[packet % this.size] === (packet | 0);
  }
}
