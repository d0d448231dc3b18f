import type { Batch } from "./batch.ts";

/** What a batch is written to: a socket, or what stands before one. */
export interface BatchSocket {
  /** Bytes not yet taken by the system. */
  readonly writableLength: number;
  write(bytes: Uint8Array, onWritten?: () => void): unknown;
}

const NOTHING = new Uint8Array(0);

/** Writes batches to one socket, and keeps their memory from being reused for as long as the socket needs it. */
export class BatchQueue {
  readonly #socket: BatchSocket;
  /** Those that are on their way to the system, in order. */
  readonly #held: Batch[] = [];
  readonly #onWritten = (): void => {
    this.#held.shift()?.done();
  };

  constructor(socket: BatchSocket) {
    this.#socket = socket;
  }

  /**
   * Most writes are taken by the system at once: then nobody need hear of their end, and the memory need not be held.
   * A write with a callback costs twice as much time outside the system as one without.
   */
  write(batch: Batch): void {
    const socket = this.#socket;
    const waits = socket.writableLength > 0;
    if (!waits) socket.write(batch.view);
    if (!waits && socket.writableLength === 0) return;
    batch.use();
    this.#held.push(batch);
    // Behind a write that is under way, an empty one tells of its end.
    socket.write(waits ? batch.view : NOTHING, this.#onWritten);
  }

  /** For a socket that is destroyed: nothing will be told of the writes under way. */
  clear(): void {
    for (const batch of this.#held.splice(0)) batch.done();
  }
}
