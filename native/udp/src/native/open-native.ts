import { systemError } from "../errors.ts";
import { interfaceIndex } from "../interfaces.ts";
import { ADDRESS_WORDS } from "../ip.ts";
import * as linux from "../linux.ts";
import { makePeer, UdpPeer } from "../peer.ts";
import type { ResolvedOptions } from "../resolve.ts";
import type { Addon, Handle } from "./addon.ts";
import { type NativeThread, nativeThread } from "./native-batch.ts";
import { setInt, setOption } from "./native-options.ts";
import { NativeUdpSocket } from "./native-socket.ts";
import { SendQueue } from "./send-queue.ts";

/** Throws `UdpError`. */
export function openNative(addon: Addon, options: ResolvedOptions): NativeUdpSocket {
  const thread = nativeThread(addon);
  const queue = new SendQueue(addon.layout);
  let socket: NativeUdpSocket | undefined;
  const handle = addon.open(options.family, (event, value) => socket?.onEvent(event, value), queue.memory);
  if (typeof handle === "number") throw systemError("socket", handle, `cannot open a UDP socket`);
  try {
    setUp(thread, handle, options);
    const { local, remote } = connectIt(thread, handle, options);
    socket = new NativeUdpSocket({ thread, handle, queue, clock: options.clock, local, remote });
    check("poll", addon.start(handle, options.coalesce, options.segment), "cannot watch the socket");
    return socket;
  } catch (error) {
    addon.close(handle);
    throw error;
  }
}

/** Binds, and connects if there is somebody to connect to. */
function connectIt(
  { addon, zones }: NativeThread,
  handle: Handle,
  options: ResolvedOptions,
): { local: UdpPeer; remote: UdpPeer | undefined } {
  const own = makePeer(options.localAddress, options.localPort, zones);
  const words = new Int32Array(ADDRESS_WORDS);
  writePeer(words, own);
  check("bind", addon.bind(handle, words), `cannot open UDP port ${own.port} on ${own.address}`);
  let remote: UdpPeer | undefined;
  if (options.remoteAddress !== undefined) {
    remote = makePeer(options.remoteAddress, options.remotePort, zones);
    writePeer(words, remote);
    check("connect", addon.connect(handle, words), `cannot send to ${remote.address}:${remote.port}`);
  }
  check("getsockname", addon.localAddress(handle, words), "the socket has no address");
  const zone = words[ADDRESS_WORDS - 1] as number;
  return { local: new UdpPeer(words, 0, zone === 0 ? "" : zones.nameOf(zone)), remote };
}

function setUp({ addon, zones }: NativeThread, handle: Handle, options: ResolvedOptions): void {
  const { family, multicast } = options;
  const set = (option: linux.SocketOption, int: number | undefined): void => {
    if (int !== undefined) setInt(addon, handle, { ...option, int });
  };
  if (family === 6) set(linux.IPV6_V6ONLY, options.ipv6Only ? 1 : 0);
  if (options.reuseAddress) set(linux.SO_REUSEADDR, 1);
  if (options.reusePort) set(linux.SO_REUSEPORT, 1);
  if (options.device !== undefined) {
    const value = new TextEncoder().encode(`${options.device}\0`);
    setOption(addon, handle, { ...linux.SO_BINDTODEVICE, value, what: `device ${options.device}` });
  }
  setBuffer(addon, handle, {
    bytes: options.receiveBufferBytes,
    force: linux.SO_RCVBUFFORCE,
    plain: linux.SO_RCVBUF,
  });
  setBuffer(addon, handle, {
    bytes: options.sendBufferBytes,
    force: linux.SO_SNDBUFFORCE,
    plain: linux.SO_SNDBUF,
  });
  // What an IPv6 socket sends to IPv4 has that family's fields.
  const families = family === 6 && !options.ipv6Only ? ([4, 6] as const) : ([family] as const);
  for (const each of families) {
    set(linux.TTL[each], options.ttl);
    set(linux.TRAFFIC_CLASS[each], options.trafficClass);
  }
  set(linux.MULTICAST_TTL[family], multicast.ttl);
  set(linux.MULTICAST_LOOP[family], multicast.loop === undefined ? undefined : Number(multicast.loop));
  if (multicast.interface === undefined) return;
  const index = interfaceIndex(multicast.interface, zones);
  const value = family === 4 ? linux.interfaceRequest(index) : linux.int32(index);
  setOption(addon, handle, {
    ...linux.MULTICAST_INTERFACE[family],
    value,
    what: `multicast from interface ${multicast.interface}`,
  });
}

interface BufferOptions {
  readonly bytes: number | undefined;
  readonly force: linux.SocketOption;
  readonly plain: linux.SocketOption;
}

/** With force the system's limit does not hold, for those who may (CAP_NET_ADMIN). */
function setBuffer(addon: Addon, handle: Handle, { bytes, force, plain }: BufferOptions): void {
  if (bytes === undefined) return;
  if (addon.setOption(handle, force.level, force.option, linux.int32(bytes)) === 0) return;
  setInt(addon, handle, { ...plain, int: bytes });
}

function writePeer(words: Int32Array, peer: UdpPeer): void {
  words.set([peer.word0, peer.word1, peer.word2, peer.word3, peer.word4, peer.word5]);
  return;
}

function check(syscall: string, errno: number, what: string): void {
  if (errno !== 0) throw systemError(syscall, errno, what);
}
