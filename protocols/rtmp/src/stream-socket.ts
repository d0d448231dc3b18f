import type { PlayerSocket } from "./lane-player.ts";
import { StreamIdPatch } from "./wire/stream-id.ts";

/**
 * A player's socket, for a message stream that is not the one the lane's messages are made for: each gets its ID on the
 * way. Costs a copy, which players with one stream are spared.
 */
export class StreamSocket implements PlayerSocket {
  readonly #socket: PlayerSocket;
  readonly #patch: StreamIdPatch;

  constructor(socket: PlayerSocket, streamId: number, chunkBytes: number) {
    this.#socket = socket;
    this.#patch = new StreamIdPatch(streamId, chunkBytes);
  }

  get writableLength(): number {
    return this.#socket.writableLength;
  }

  get bytesWritten(): number {
    return this.#socket.bytesWritten;
  }

  write(bytes: Uint8Array, onWritten?: () => void): boolean {
    return this.#socket.write(this.#patch.patch(bytes), onWritten);
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  on(event: "drain", call: () => void): this {
    this.#socket.on(event, call);
    return this;
  }

  off(event: "drain", call: () => void): this {
    this.#socket.off(event, call);
    return this;
  }
}
