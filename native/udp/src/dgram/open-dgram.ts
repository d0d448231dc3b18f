import { createSocket, type Socket } from "node:dgram";
import { asUdpError, UdpError } from "../errors.ts";
import { interfaceAddress, systemZones } from "../interfaces.ts";
import type { UdpLog } from "../options.ts";
import { makePeer } from "../peer.ts";
import type { ResolvedOptions } from "../resolve.ts";
import { DgramUdpSocket } from "./dgram-socket.ts";

/** Rejects with `UdpError`. */
export async function openDgram(options: ResolvedOptions, log: UdpLog | undefined): Promise<DgramUdpSocket> {
  const { family, localAddress, localPort, remoteAddress, remotePort } = options;
  if (options.device !== undefined) throw new UdpError("setsockopt", "ENOTSUP", `device ${options.device}`);
  if (options.trafficClass !== undefined)
    log?.info("node:dgram cannot set the traffic class", { trafficClass: options.trafficClass });
  const own = makePeer(localAddress, localPort, systemZones);
  const remote = remoteAddress === undefined ? undefined : makePeer(remoteAddress, remotePort, systemZones);
  const socket = createSocket({
    type: family === 6 ? "udp6" : "udp4",
    reuseAddr: options.reuseAddress,
    reusePort: options.reusePort,
    ipv6Only: options.ipv6Only,
    ...(options.receiveBufferBytes === undefined ? {} : { recvBufferSize: options.receiveBufferBytes }),
    ...(options.sendBufferBytes === undefined ? {} : { sendBufferSize: options.sendBufferBytes }),
    // Addresses are numbers already: the answer costs no turn of the event loop.
    lookup: (host, _options, done) => done(null, host, family),
  });
  try {
    await started(socket, () => socket.bind({ address: own.address, port: own.port, exclusive: true }), {
      event: "listening",
      what: `cannot open UDP port ${own.port} on ${own.address}`,
    });
    setUp(socket, options);
    if (remote !== undefined) {
      const address = family === 6 && remote.family === 4 ? `::ffff:${remote.address}` : remote.address;
      await started(socket, () => socket.connect(remote.port, address), {
        event: "connect",
        what: `cannot send to ${remote.address}:${remote.port}`,
      });
    }
    const { address, port } = socket.address();
    return new DgramUdpSocket({
      socket,
      clock: options.clock,
      local: makePeer(address, port, systemZones),
      remote,
    });
  } catch (error) {
    socket.on("error", () => undefined);
    socket.close();
    throw error;
  }
}

interface Step {
  readonly event: "listening" | "connect";
  readonly what: string;
}

function started(socket: Socket, begin: () => void, { event, what }: Step): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void =>
      reject(asUdpError(event === "connect" ? "connect" : "bind", error, what));
    socket.once("error", onError);
    socket.once(event, () => {
      socket.off("error", onError);
      resolve();
    });
    try {
      begin();
    } catch (error) {
      onError(error as Error);
    }
  });
}

function setUp(socket: Socket, options: ResolvedOptions): void {
  const { ttl, multicast, family } = options;
  try {
    if (ttl !== undefined) socket.setTTL(ttl);
    if (multicast.ttl !== undefined) socket.setMulticastTTL(multicast.ttl);
    if (multicast.loop !== undefined) socket.setMulticastLoopback(multicast.loop);
    const device = interfaceAddress(multicast.interface, family);
    if (device !== undefined) socket.setMulticastInterface(device);
  } catch (error) {
    throw asUdpError("setsockopt", error, "an option of the socket");
  }
}
