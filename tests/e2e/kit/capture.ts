import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { get, type IncomingMessage, request } from "node:http";

export const PACKET = 188;

/** The whole packets of a capture. */
export function packetsOf(file: string): Buffer {
  const bytes = readFileSync(file);
  return bytes.subarray(0, bytes.length - (bytes.length % PACKET));
}

/** A body that is read as it comes. */
export interface Reading {
  readonly response: IncomingMessage;
  bytes(): Buffer;
  readonly ended: boolean;
  close(): void;
}

/** Opens an endless HTTP response and gathers its body. */
export function readHttp(url: string): Promise<Reading> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let ended = false;
    const req = get(url, { agent: false }, (response) => {
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("close", () => {
        ended = true;
      });
      response.on("error", () => {});
      resolve({
        response,
        bytes: () => Buffer.concat(parts),
        get ended() {
          return ended;
        },
        close: () => req.destroy(),
      });
    });
    req.on("error", reject);
  });
}

/** Gathers the datagrams that come to a port. */
export async function readUdp(
  port: number,
  address = "127.0.0.1",
): Promise<{ datagrams: Buffer[]; close(): void }> {
  const socket = createSocket({ type: "udp4", reuseAddr: true, recvBufferSize: 4 << 20 });
  const datagrams: Buffer[] = [];
  socket.on("message", (message) => datagrams.push(message));
  await new Promise<void>((resolve) => socket.bind(port, address, resolve));
  return { datagrams, close: () => socket.close() };
}

/** Sends packets in datagrams of seven, `perMs` packets a millisecond. */
export async function sendUdp(
  packets: Buffer,
  to: { port: number; address?: string; perMs?: number },
): Promise<void> {
  const socket = createSocket("udp4");
  const perMs = to.perMs ?? 14;
  const started = performance.now();
  for (let at = 0; at < packets.length; at += 7 * PACKET) {
    const dueMs = at / PACKET / perMs;
    const waitMs = dueMs - (performance.now() - started);
    if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const datagram = packets.subarray(at, Math.min(at + 7 * PACKET, packets.length));
    await new Promise<void>((resolve) =>
      socket.send(datagram, to.port, to.address ?? "127.0.0.1", () => resolve()),
    );
  }
  socket.close();
}

/** Publishes a body over HTTP; `write` takes more of it. */
export function publishHttp(url: string): {
  write(bytes: Uint8Array): void;
  end(): void;
  kill(): void;
  status: Promise<number>;
} {
  const req = request(url, { method: "PUT", agent: false });
  const status = new Promise<number>((resolve) => {
    req.on("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    req.on("error", () => resolve(0));
  });
  req.flushHeaders();
  return {
    write: (bytes) => void req.write(bytes),
    end: () => void req.end(),
    kill: () => void req.destroy(),
    status,
  };
}
