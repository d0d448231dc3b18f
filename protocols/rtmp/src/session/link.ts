import {
  type ChunkLimits,
  type ChunkMessage,
  ChunkReader,
  INITIAL_CHUNK_BYTES,
} from "../wire/chunk-reader.ts";
import { chunkMessage, type MessageHeader } from "../wire/chunk-writer.ts";
import {
  controlMessage,
  PING_REQUEST,
  PING_RESPONSE,
  peerBandwidthMessage,
  readControl,
  readUserControl,
  type UserControl,
  userControlMessage,
} from "../wire/control.ts";
import {
  ABORT,
  ACKNOWLEDGEMENT,
  PEER_BANDWIDTH,
  SET_CHUNK_SIZE,
  USER_CONTROL,
  WINDOW_SIZE,
} from "../wire/message-types.ts";

/** What peers use when nobody says anything. */
const USUAL_WINDOW_BYTES = 2_500_000;

/** Either side of the handshake, once begun. */
interface Handshake {
  readonly done: boolean;
  push(bytes: Uint8Array, at: number): number;
}

export interface LinkParts {
  readonly handshake: Handshake;
  readonly send: (bytes: Uint8Array) => void;
  readonly limits: ChunkLimits;
  /** The handshake is over. */
  readonly onReady: () => void;
  /** Any message that is not of the protocol itself; see `ChunkMessage`. */
  readonly onMessage: (message: ChunkMessage) => void;
  /** Any user control event but pings. */
  readonly onUserControl: (control: UserControl) => void;
}

/**
 * What client and server have in common: the handshake, then messages both ways, and the protocol's own of them (RTMP
 * 1.0 §5.4, §7.1.7): sizes, acknowledgements, pings.
 */
export class Link {
  /** Bytes received, all of them. */
  receivedBytes = 0;
  /** Of what was sent, what the peer said it has; 32 bits. */
  acknowledgedBytes = 0;
  lastHeardMs: number;
  /** Round trip by the last ping that was answered; -1: none yet. */
  roundTripMs = -1;
  readonly #parts: LinkParts;
  readonly #reader: ChunkReader;
  #ready = false;
  #stopped = false;
  #outChunkBytes = INITIAL_CHUNK_BYTES;
  #acknowledgeEveryBytes = USUAL_WINDOW_BYTES / 2;
  #toldBytes = 0;
  #outWindowBytes = 0;
  #nowMs: number;

  constructor(parts: LinkParts, nowMs: number) {
    this.#parts = parts;
    this.#nowMs = nowMs;
    this.lastHeardMs = nowMs;
    this.#reader = new ChunkReader((message) => this.#dispatch(message), parts.limits);
  }

  /** Size of the chunks that are sent. */
  get outChunkBytes(): number {
    return this.#outChunkBytes;
  }

  get abandonedMessages(): number {
    return this.#reader.abandonedMessages;
  }

  /** Throws violations. */
  receive(bytes: Uint8Array, nowMs: number): void {
    if (this.#stopped) return;
    this.#nowMs = nowMs;
    this.lastHeardMs = nowMs;
    this.receivedBytes += bytes.length;
    let at = 0;
    if (!this.#ready) {
      at = this.#parts.handshake.push(bytes, 0);
      if (!this.#parts.handshake.done) return;
      this.#ready = true;
      this.#parts.onReady();
    }
    if (at < bytes.length) this.#reader.push(bytes, at);
    this.#acknowledge();
  }

  /** Nothing is handed on any more, and nothing sent. */
  stop(): void {
    this.#stopped = true;
  }

  send(bytes: Uint8Array): void {
    if (!this.#stopped) this.#parts.send(bytes);
  }

  sendMessage(header: MessageHeader, body: Uint8Array): void {
    this.send(chunkMessage(header, body, this.#outChunkBytes));
  }

  setOutChunkBytes(bytes: number): void {
    this.send(controlMessage(SET_CHUNK_SIZE, bytes));
    this.#outChunkBytes = bytes;
  }

  /** How much the peer may send before it hears an acknowledgement asked for. */
  sendWindow(bytes: number): void {
    this.#outWindowBytes = bytes;
    this.send(controlMessage(WINDOW_SIZE, bytes));
  }

  sendPeerBandwidth(bytes: number): void {
    this.send(peerBandwidthMessage(bytes));
  }

  sendUserControl(event: number, value: number, second?: number): void {
    this.send(userControlMessage(event, value, second));
  }

  ping(nowMs: number): void {
    this.sendUserControl(PING_REQUEST, nowMs >>> 0);
  }

  /** Half a window early, so that a sender that waits for it need not stop. */
  #acknowledge(): void {
    if (this.receivedBytes - this.#toldBytes < this.#acknowledgeEveryBytes) return;
    this.#toldBytes = this.receivedBytes;
    this.send(controlMessage(ACKNOWLEDGEMENT, this.receivedBytes % 0x1_0000_0000));
  }

  #dispatch(message: ChunkMessage): void {
    if (this.#stopped) return;
    switch (message.type) {
      case SET_CHUNK_SIZE:
      case ABORT:
        return;
      case ACKNOWLEDGEMENT:
        this.acknowledgedBytes = readControl(message.payload);
        return;
      case WINDOW_SIZE:
        this.#acknowledgeEveryBytes = Math.max(1, readControl(message.payload) / 2);
        return;
      case PEER_BANDWIDTH: {
        const bytes = readControl(message.payload);
        if (bytes !== this.#outWindowBytes) this.sendWindow(bytes);
        return;
      }
      case USER_CONTROL:
        this.#onUserControl(readUserControl(message.payload));
        return;
      default:
        this.#parts.onMessage(message);
    }
  }

  #onUserControl(control: UserControl): void {
    if (control.event === PING_REQUEST) this.sendUserControl(PING_RESPONSE, control.value);
    else if (control.event === PING_RESPONSE) this.roundTripMs = (this.#nowMs - control.value) >>> 0;
    else this.#parts.onUserControl(control);
  }
}
