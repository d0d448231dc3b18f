import type { UdpClock, UdpLog, UdpSocket } from "@millrace/native-udp";
import type { UdpAddress } from "./address.ts";
import { interfaceName } from "./interfaces.ts";
import { explain, openSocket } from "./socket.ts";

export interface ListenOptions {
  readonly address: UdpAddress;
  readonly bufferBytes: number;
  readonly clock: UdpClock;
  readonly log: UdpLog;
  readonly signal: AbortSignal;
}

/** Opens a socket that receives what `address` names, groups joined. Throws `udp.socket`, `udp.no-interface`. */
export async function listenUdp(options: ListenOptions): Promise<UdpSocket> {
  const { address, bufferBytes, clock, log } = options;
  const { host, port, family, multicast } = address;
  const attempt = { what: `cannot receive on ${host}:${port}`, interface: address.interface };
  const local = { host: multicast ? groupAddress(address) : host, port };
  let socket: UdpSocket | undefined;
  try {
    socket = await openSocket(
      {
        family,
        local,
        // Several streams may receive the same group; two on one unicast port would take datagrams from each other.
        reuseAddress: multicast,
        ipv6Only: family === 6,
        receiveBufferBytes: bufferBytes,
        clock,
        log,
      },
      options.signal,
    );
    if (multicast) join(socket, address);
    return socket;
  } catch (error) {
    await socket?.close();
    throw explain(error, attempt);
  }
}

/**
 * Bound to the group's own address, a socket gets none of the groups that other sockets on the port have joined; where
 * the system does not allow that, to any address.
 */
function groupAddress({ host, family, interface: device }: UdpAddress): string {
  if (process.platform === "win32") return family === 6 ? "::" : "0.0.0.0";
  // Groups of link-local scope exist once on every link (RFC 4291 §2.7).
  const linkLocal = family === 6 && /^ff.2:/i.test(host);
  return linkLocal && device !== undefined ? `${host}%${interfaceName(device)}` : host;
}

function join(socket: UdpSocket, { host, source, interface: device }: UdpAddress): void {
  socket.addMembership({
    group: host,
    ...(source === undefined ? {} : { source }),
    ...(device === undefined ? {} : { interface: device }),
  });
}
