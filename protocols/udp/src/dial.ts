import type { UdpClock, UdpLog, UdpSocket } from "@millrace/native-udp";
import type { UdpPushSettings } from "./config.ts";
import { explain, openSocket } from "./socket.ts";

const SEND_BUFFER_BYTES = 2 ** 20;

export interface DialOptions {
  readonly clock: UdpClock;
  readonly log: UdpLog;
  readonly signal: AbortSignal;
}

/** Opens a socket that sends where a push goes. Throws `udp.socket`, `udp.no-interface`. */
export async function dialUdp(settings: UdpPushSettings, options: DialOptions): Promise<UdpSocket> {
  const { address, ttl, loop, bind, trafficClass } = settings;
  const { host, port, family, interface: device } = address;
  const { clock, log, signal } = options;
  const hops = address.multicast
    ? { multicast: { ttl, loop, ...(device === undefined ? {} : { interface: device }) } }
    : ttl > 0
      ? { ttl }
      : {};
  try {
    return await openSocket(
      {
        family,
        // Connected, a datagram costs no look-up of its address.
        remote: { host, port },
        sendBufferBytes: SEND_BUFFER_BYTES,
        // Several pushes may share a port to send from.
        ...(bind === undefined ? {} : { local: bind, reuseAddress: true }),
        ...(trafficClass === undefined ? {} : { trafficClass }),
        ...hops,
        clock,
        log,
      },
      signal,
    );
  } catch (error) {
    throw explain(error, { what: `cannot send to ${host}:${port}`, interface: device });
  }
}
