import { createSocket, type Socket } from "node:dgram";
import type { UdpPushSettings } from "./config.ts";
import { socketFailed } from "./errors.ts";
import { resolveInterface } from "./interfaces.ts";
import { bind, closeSocket } from "./listen.ts";

const SEND_BUFFER_BYTES = 2 ** 20;

/** Opens a socket that sends where a push goes. Throws `udp.socket`, `udp.no-interface`. */
export async function dialUdp(settings: UdpPushSettings, signal: AbortSignal): Promise<Socket> {
  const { address, ttl, loop } = settings;
  const { host, port, family, multicast } = address;
  const device = address.interface === undefined ? undefined : resolveInterface(address.interface, family);
  const socket = createSocket({
    type: family === 6 ? "udp6" : "udp4",
    sendBufferSize: SEND_BUFFER_BYTES,
    // Several pushes may share a port to send from.
    reuseAddr: settings.bind !== undefined,
  });
  try {
    const from = settings.bind;
    await bind(
      socket,
      { port: from?.port ?? 0, ...(from?.host === undefined ? {} : { address: from.host }) },
      signal,
    );
    if (multicast) {
      socket.setMulticastTTL(ttl);
      socket.setMulticastLoopback(loop);
      if (device !== undefined) socket.setMulticastInterface(device);
    } else if (ttl > 0) {
      socket.setTTL(ttl);
    }
    // Connected, a datagram costs no look-up of its address.
    await connect(socket, { host, port });
    return socket;
  } catch (error) {
    await closeSocket(socket);
    throw socketFailed(`cannot send to ${host}:${port}`, error);
  }
}

function connect(socket: Socket, to: { readonly host: string; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.connect(to.port, to.host, (error?: Error) => {
      socket.off("error", reject);
      if (error === undefined || error === null) resolve();
      else reject(error);
    });
  });
}
