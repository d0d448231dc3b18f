import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";

/** What was asked, and the connection to answer on. */
export type OnRequest = (head: string, socket: Socket) => void;

/** A server of audio over TCP that answers byte for byte what the test wants. */
export class Station {
  readonly requests: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(onRequest: OnRequest): Promise<Station> {
    const server = createServer((socket) => {
      station.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => station.#sockets.delete(socket));
      let head = "";
      socket.on("data", (bytes) => {
        const asked = head.includes("\r\n\r\n");
        head += bytes.toString("latin1");
        if (asked || !head.includes("\r\n\r\n")) return;
        station.requests.push(head);
        onRequest(head, socket);
      });
    });
    const station = new Station(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return station;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  url(path = "/live"): string {
    return `shout://127.0.0.1:${this.port}${path}`;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
  }
}

/** MPEG-1 layer III frames, 128 kbit/s at 44.1 kHz: 417 bytes and 1,152 samples each, numbered in their payload. */
export function mp3Frames(count: number): Uint8Array {
  const bytes = new Uint8Array(417 * count);
  for (let i = 0; i < count; i++) {
    bytes.fill(i & 0x7f, 417 * i, 417 * (i + 1));
    bytes.set([0xff, 0xfb, 0x90, 0x00], 417 * i);
  }
  return bytes;
}

/** Puts metadata into audio: a block behind every `interval` bytes, the texts in turn, empty where there is none left. */
export function withMetadata(audio: Uint8Array, interval: number, texts: readonly string[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0, i = 0; at < audio.length; at += interval, i++) {
    const part = audio.subarray(at, at + interval);
    parts.push(part);
    if (part.length < interval) break;
    const text = Buffer.from(texts[i] ?? "");
    const block = Buffer.alloc(1 + Math.ceil(text.length / 16) * 16);
    block[0] = Math.ceil(text.length / 16);
    text.copy(block, 1);
    parts.push(block);
  }
  return Buffer.concat(parts);
}
