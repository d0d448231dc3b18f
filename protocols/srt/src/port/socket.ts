import { isIPv6 } from "node:net";
import { openUdp, type UdpClock, UdpError, type UdpLog, type UdpSocket } from "@millrace/native-udp";
import { socketNotOpened } from "../errors.ts";

export interface SocketOptions {
  /** Own address; all of them when undefined. */
  readonly host: string | undefined;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Name of the only network interface to use. */
  readonly device?: string | undefined;
  /** Several workers share the port. */
  readonly reusePort: boolean;
  /** 0 leaves the system's. */
  readonly ttl: number;
  /** The DS field, 0 to 255; the system's when undefined. */
  readonly trafficClass?: number | undefined;
  readonly bufferBytes: number;
  /** Address family when there is no host. */
  readonly family?: 4 | 6 | undefined;
  readonly clock: UdpClock;
  readonly log?: UdpLog;
}

/** Opens a bound UDP socket. Rejects with `srt.socket`. */
export async function openSocket(options: SocketOptions): Promise<UdpSocket> {
  const { host, family } = options;
  try {
    if (host !== undefined) return await open(isIPv6(host) ? 6 : 4, options);
    if (family !== undefined) return await open(family, options);
    return await open(6, options).catch((error: unknown) => {
      // A machine without IPv6.
      if (isFamilyMissing(error)) return open(4, options);
      throw error;
    });
  } catch (error) {
    throw socketNotOpened(error);
  }
}

function isFamilyMissing(error: unknown): boolean {
  return error instanceof UdpError && (error.code === "EAFNOSUPPORT" || error.code === "EADDRNOTAVAIL");
}

function open(family: 4 | 6, options: SocketOptions): Promise<UdpSocket> {
  const { host, port, device, reusePort, ttl, trafficClass, bufferBytes, clock, log } = options;
  return openUdp({
    family,
    local: { port, ...(host === undefined ? {} : { host }) },
    reusePort,
    receiveBufferBytes: bufferBytes,
    sendBufferBytes: bufferBytes,
    clock,
    ...(ttl > 0 ? { ttl } : {}),
    ...(device === undefined ? {} : { device }),
    ...(trafficClass === undefined ? {} : { trafficClass }),
    ...(log === undefined ? {} : { log }),
  });
}
