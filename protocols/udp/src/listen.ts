import { createSocket, type Socket } from "node:dgram";
import type { UdpAddress } from "./address.ts";
import { socketFailed } from "./errors.ts";
import { resolveInterface } from "./interfaces.ts";

export interface ListenOptions {
  readonly address: UdpAddress;
  readonly bufferBytes: number;
  readonly signal: AbortSignal;
}

/** Opens a socket that receives what `address` names, groups joined. Throws `udp.socket`, `udp.no-interface`. */
export async function listenUdp(options: ListenOptions): Promise<Socket> {
  const { address, bufferBytes } = options;
  const { host, port, family, multicast } = address;
  const device = address.interface === undefined ? undefined : resolveInterface(address.interface, family);
  const socket = createSocket({
    type: family === 6 ? "udp6" : "udp4",
    // Several streams may receive the same group; two on one unicast port would take datagrams from each other.
    reuseAddr: multicast,
    ipv6Only: family === 6,
    recvBufferSize: bufferBytes,
  });
  try {
    await bind(socket, { address: bindAddress(address, device), port }, options.signal);
    if (multicast) join(socket, address, device);
    return socket;
  } catch (error) {
    await closeSocket(socket);
    throw socketFailed(`cannot receive on ${host}:${port}`, error);
  }
}

/**
 * Bound to the group's own address, a socket gets none of the groups that other sockets on the port have joined; where
 * the system does not allow that, to any address.
 */
function bindAddress(address: UdpAddress, device: string | undefined): string {
  const { host, family, multicast } = address;
  if (!multicast) return host;
  if (process.platform === "win32") return family === 6 ? "::" : "0.0.0.0";
  // Groups of link-local scope exist once on every link (RFC 4291 §2.7).
  const linkLocal = family === 6 && /^ff.2:/i.test(host);
  return linkLocal && device !== undefined ? `${host}${device.slice(device.indexOf("%"))}` : host;
}

function join(socket: Socket, address: UdpAddress, device: string | undefined): void {
  const { host, source } = address;
  if (source === undefined) socket.addMembership(host, device);
  else socket.addSourceSpecificMembership(source, host, device);
}

/** Binds, and rejects with the system's error. */
export function bind(
  socket: Socket,
  to: { readonly address?: string; readonly port: number },
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (done: () => void): void => {
      socket.off("error", onError);
      signal.removeEventListener("abort", onAbort);
      done();
    };
    const onError = (error: Error): void => settle(() => reject(error));
    const onAbort = (): void => settle(() => reject(new Error("aborted")));
    socket.once("error", onError);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) return onAbort();
    socket.bind({ ...to, exclusive: true }, () => settle(resolve));
  });
}

/** Resolves when nothing of the socket is left open. */
export function closeSocket(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.removeAllListeners("message");
    socket.removeAllListeners("error");
    socket.on("error", () => undefined);
    try {
      socket.close(() => resolve());
    } catch {
      resolve();
    }
  });
}
