/** Options of sockets as Linux numbers and lays them out, on every 64-bit little-endian machine (socket(7), ip(7), ipv6(7)). */
export interface SocketOption {
  /** For messages. */
  readonly name: string;
  readonly level: number;
  readonly option: number;
}

const SOL_SOCKET = 1;
const IPPROTO_IP = 0;
const IPPROTO_IPV6 = 41;

export const SO_REUSEADDR: SocketOption = { name: "SO_REUSEADDR", level: SOL_SOCKET, option: 2 };
export const SO_SNDBUF: SocketOption = { name: "SO_SNDBUF", level: SOL_SOCKET, option: 7 };
export const SO_RCVBUF: SocketOption = { name: "SO_RCVBUF", level: SOL_SOCKET, option: 8 };
export const SO_REUSEPORT: SocketOption = { name: "SO_REUSEPORT", level: SOL_SOCKET, option: 15 };
export const SO_BINDTODEVICE: SocketOption = { name: "SO_BINDTODEVICE", level: SOL_SOCKET, option: 25 };
export const SO_SNDBUFFORCE: SocketOption = { name: "SO_SNDBUFFORCE", level: SOL_SOCKET, option: 32 };
export const SO_RCVBUFFORCE: SocketOption = { name: "SO_RCVBUFFORCE", level: SOL_SOCKET, option: 33 };

export const IPV6_V6ONLY: SocketOption = { name: "IPV6_V6ONLY", level: IPPROTO_IPV6, option: 26 };

/** One option for each family. */
interface OptionPair {
  readonly 4: SocketOption;
  readonly 6: SocketOption;
}

function pair(name4: string, option4: number, name6: string, option6: number): OptionPair {
  return {
    4: { name: name4, level: IPPROTO_IP, option: option4 },
    6: { name: name6, level: IPPROTO_IPV6, option: option6 },
  };
}

export const TTL: OptionPair = pair("IP_TTL", 2, "IPV6_UNICAST_HOPS", 16);
export const TRAFFIC_CLASS: OptionPair = pair("IP_TOS", 1, "IPV6_TCLASS", 67);
export const MULTICAST_TTL: OptionPair = pair("IP_MULTICAST_TTL", 33, "IPV6_MULTICAST_HOPS", 18);
export const MULTICAST_LOOP: OptionPair = pair("IP_MULTICAST_LOOP", 34, "IPV6_MULTICAST_LOOP", 19);
export const MULTICAST_INTERFACE: OptionPair = pair("IP_MULTICAST_IF", 32, "IPV6_MULTICAST_IF", 17);
export const JOIN_GROUP: OptionPair = pair("MCAST_JOIN_GROUP", 42, "MCAST_JOIN_GROUP", 42);
export const LEAVE_GROUP: OptionPair = pair("MCAST_LEAVE_GROUP", 45, "MCAST_LEAVE_GROUP", 45);
export const JOIN_SOURCE: OptionPair = pair("MCAST_JOIN_SOURCE_GROUP", 46, "MCAST_JOIN_SOURCE_GROUP", 46);
export const LEAVE_SOURCE: OptionPair = pair("MCAST_LEAVE_SOURCE_GROUP", 47, "MCAST_LEAVE_SOURCE_GROUP", 47);

const AF_INET = 2;
const AF_INET6 = 10;
/** struct sockaddr_storage. */
const STORAGE_BYTES = 128;
/** Where it begins in struct group_req, behind the index and what aligns it. */
const STORAGE_AT = 8;

export function int32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}

/** struct ip_mreqn without addresses: the interface alone. */
export function interfaceRequest(index: number): Uint8Array {
  const bytes = new Uint8Array(12);
  new DataView(bytes.buffer).setInt32(8, index, true);
  return bytes;
}

/** struct group_req, or group_source_req when there is a source (RFC 3678 §5). Addresses are the words of `ip.ts`. */
export function groupRequest(index: number, group: Int32Array, source: Int32Array | undefined): Uint8Array {
  const bytes = new Uint8Array(STORAGE_AT + STORAGE_BYTES * (source === undefined ? 1 : 2));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, index, true);
  writeStorage(view, STORAGE_AT, group);
  if (source !== undefined) writeStorage(view, STORAGE_AT + STORAGE_BYTES, source);
  return bytes;
}

function writeStorage(view: DataView, at: number, words: Int32Array): void {
  const isV4 = (words[0] as number) >>> 16 === 4;
  view.setUint16(at, isV4 ? AF_INET : AF_INET6, true);
  if (isV4) {
    view.setInt32(at + 4, words[1] as number);
    return;
  }
  for (let i = 0; i < 4; i++) view.setInt32(at + 8 + 4 * i, words[1 + i] as number);
  view.setInt32(at + 24, words[5] as number, true);
}
