/** Where the time comes from; the engine's clock is one. */
export interface UdpClock {
  /** Monotonic nanoseconds. */
  nowNs(): number;
}

/** What takes a line for the log; the engine's logger is one. */
export interface UdpLog {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface UdpAddressOptions {
  /** IP address or name. For `local`: undefined means any of this machine's. */
  readonly host?: string;
  readonly port: number;
}

export interface UdpMulticastOptions {
  /** Hops that sent datagrams may make; the system's default is 1. */
  readonly ttl?: number;
  /** Whether this machine's own sockets hear what is sent; the system's default is yes. */
  readonly loop?: boolean;
  /** Name, index or an address of the interface to send from. */
  readonly interface?: string | number;
}

export interface UdpOptions {
  /** Port 0 (the default) lets the system choose. */
  readonly local?: UdpAddressOptions;
  /** Connects to it. */
  readonly remote?: { readonly host: string; readonly port: number };
  /** When neither address tells; 4 by default. */
  readonly family?: 4 | 6;
  /** An IPv6 socket on any address takes IPv4 too unless this is true. */
  readonly ipv6Only?: boolean;
  /** SO_REUSEADDR: several sockets may receive a group on one port. */
  readonly reuseAddress?: boolean;
  /** SO_REUSEPORT: the system spreads senders over the sockets of one port. */
  readonly reusePort?: boolean;
  /** Asked of the system, with force where it is allowed (SO_RCVBUFFORCE). Bytes. */
  readonly receiveBufferBytes?: number;
  readonly sendBufferBytes?: number;
  /** Hops of unicast datagrams, 1 to 255. */
  readonly ttl?: number;
  /** The DS field (IP_TOS, IPV6_TCLASS), 0 to 255. Left alone, with a line in the log, by node:dgram. */
  readonly trafficClass?: number;
  /** SO_BINDTODEVICE: name of the only interface to use. ENOTSUP with node:dgram. */
  readonly device?: string;
  readonly multicast?: UdpMulticastOptions;
  /** False: the kernel is not to coalesce what it receives (UDP_GRO), or not to segment what it sends (UDP_SEGMENT). */
  readonly coalesce?: boolean;
  readonly segment?: boolean;
  /** For `arrivalNs`; `performance.now()` by default. */
  readonly clock?: UdpClock;
  readonly log?: UdpLog;
  /** By default `native` where it loads. EIO when `native` is asked for and does not load. */
  readonly implementation?: "native" | "node:dgram";
}
