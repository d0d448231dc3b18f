export { UdpError } from "./errors.ts";
export { openUdp } from "./open.ts";
export type {
  UdpAddressOptions,
  UdpClock,
  UdpLog,
  UdpMulticastOptions,
  UdpOptions,
} from "./options.ts";
export { UdpPeer } from "./peer.ts";
export {
  type UdpMembership,
  type UdpPacketBatch,
  UdpSlice,
  type UdpSocket,
  type UdpStats,
} from "./socket.ts";
