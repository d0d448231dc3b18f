import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { socketFailed } from "../errors.ts";

export interface SocketOptions {
  /** Own address; all of them when undefined. */
  readonly host: string | undefined;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Several workers share the port. */
  readonly reusePort: boolean;
  /** 0 leaves the system's. */
  readonly ttl: number;
  readonly bufferBytes: number;
  /** Address family when there is no host. */
  readonly family?: 4 | 6 | undefined;
}

/** Opens a bound UDP socket. Rejects with `srt.socket`. */
export async function openSocket(options: SocketOptions): Promise<Socket> {
  const { host } = options;
  if (host !== undefined) return bind(isIPv6(host) ? "udp6" : "udp4", host, options);
  if (options.family === 4) return bind("udp4", "0.0.0.0", options);
  try {
    return await bind("udp6", "::", options);
  } catch (error) {
    // A machine without IPv6.
    if (options.family === 6 || !isFamilyMissing(error)) throw error;
    return bind("udp4", "0.0.0.0", options);
  }
}

function isFamilyMissing(error: unknown): boolean {
  const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
  return cause?.code === "EAFNOSUPPORT" || cause?.code === "EADDRNOTAVAIL";
}

function bind(type: "udp4" | "udp6", address: string, options: SocketOptions): Promise<Socket> {
  const { port, ttl, bufferBytes } = options;
  return new Promise((resolve, reject) => {
    const socket = createSocket({
      type,
      reusePort: options.reusePort,
      recvBufferSize: bufferBytes,
      sendBufferSize: bufferBytes,
      // Addresses are numbers already: the answer costs no turn of the event loop.
      lookup: (host, _options, done) => done(null, host, type === "udp6" ? 6 : 4),
    });
    const fail = (cause: Error): void => {
      socket.close();
      reject(socketFailed(`cannot open UDP port ${port} on ${address}`, cause));
    };
    socket.once("error", fail);
    socket.bind({ address, port }, () => {
      socket.off("error", fail);
      if (ttl > 0) socket.setTTL(ttl);
      resolve(socket);
    });
  });
}

export function closeSocket(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    try {
      socket.close(() => resolve());
    } catch {
      resolve();
    }
  });
}
