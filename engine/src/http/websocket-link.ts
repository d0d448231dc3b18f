import type { Duplex } from "node:stream";
import { WebSocket } from "ws";

/** A peer that does not answer one ping before the next is due has gone. */
const PING_MS = 20_000;
/** First byte of a binary message in one frame (RFC 6455 §5.2): FIN, opcode 2. */
const BINARY_FRAME = 0x82;
const LENGTH_16_BITS = 126;
const LENGTH_64_BITS = 127;

/**
 * An open WebSocket. Text messages and control frames are the library's business; binary messages go to the connection
 * from where they lie, in shared memory or not.
 */
export class WebSocketLink {
  readonly #websocket: WebSocket;
  readonly #socket: Duplex;
  readonly #timer: NodeJS.Timeout;
  #answered = true;
  /** Set them before anything is awaited: what came before is handed over then. */
  onText: ((text: string) => void) | undefined;
  /** The bytes may be kept. */
  onBinary: ((bytes: Uint8Array) => void) | undefined;
  /** Called once, with the code of RFC 6455 §7.4.1 (1006: without a closing handshake). */
  onClose: ((code: number, reason: string) => void) | undefined;
  /** What was unsent is with the system. */
  onDrain: (() => void) | undefined;

  constructor(websocket: WebSocket, socket: Duplex) {
    this.#websocket = websocket;
    this.#socket = socket;
    websocket.on("message", (data, isBinary) => this.#onMessage(data as Buffer, isBinary));
    websocket.on("pong", () => {
      this.#answered = true;
    });
    // A violation: the library closes the connection with the right code.
    websocket.on("error", () => {});
    websocket.on("close", (code, reason) => {
      clearInterval(this.#timer);
      this.onClose?.(code, reason.toString());
    });
    socket.on("drain", () => this.onDrain?.());
    this.#timer = setInterval(() => this.#ping(), PING_MS).unref();
    // Nobody listens yet.
    websocket.pause();
    setImmediate(() => websocket.resume());
  }

  /** The subprotocol that was agreed on; empty for none. */
  get protocol(): string {
    return this.#websocket.protocol;
  }

  get closed(): boolean {
    return this.#websocket.readyState !== WebSocket.OPEN;
  }

  /** Bytes that are not with the system yet. */
  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  sendText(text: string): void {
    if (!this.closed) this.#websocket.send(text);
  }

  /**
   * One binary message in one frame. The bytes must not change until `written` is called, which is once in any case: at
   * once if the link is closed, else when they are with the system or the connection broke.
   */
  send(bytes: Uint8Array, written?: () => void): void {
    if (this.closed) {
      written?.();
      return;
    }
    const socket = this.#socket;
    socket.cork();
    socket.write(frameHead(bytes.length));
    socket.write(bytes, written);
    socket.uncork();
  }

  /** One binary message in one frame, of several pieces of memory; like `send`. */
  sendParts(parts: readonly Uint8Array[], written?: () => void): void {
    if (this.closed) {
      written?.();
      return;
    }
    let length = 0;
    for (const part of parts) length += part.length;
    const socket = this.#socket;
    const last = parts.length - 1;
    socket.cork();
    if (last < 0) socket.write(frameHead(0), written);
    else socket.write(frameHead(length));
    for (let i = 0; i <= last; i++) {
      if (i < last) socket.write(parts[i]);
      else socket.write(parts[i], written);
    }
    socket.uncork();
  }

  /** Closing handshake; a peer that does not take part is cut off after some seconds. The reason: at most 123 bytes. */
  close(code = 1000, reason = ""): void {
    if (!this.closed) this.#websocket.close(code, reason);
  }

  /** Without a closing handshake. */
  destroy(): void {
    this.#websocket.terminate();
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    if (isBinary) this.onBinary?.(data);
    else this.onText?.(data.toString());
  }

  #ping(): void {
    if (!this.#answered) {
      this.destroy();
      return;
    }
    this.#answered = false;
    if (!this.closed) this.#websocket.ping();
  }
}

/** Head of an unmasked binary frame (RFC 6455 §5.2). */
function frameHead(length: number): Buffer {
  if (length < LENGTH_16_BITS) return Buffer.from([BINARY_FRAME, length]);
  if (length < 0x1_0000) {
    const head = Buffer.allocUnsafe(4);
    head[0] = BINARY_FRAME;
    head[1] = LENGTH_16_BITS;
    head.writeUInt16BE(length, 2);
    return head;
  }
  const head = Buffer.allocUnsafe(10);
  head[0] = BINARY_FRAME;
  head[1] = LENGTH_64_BITS;
  head.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
  head.writeUInt32BE(length >>> 0, 6);
  return head;
}
