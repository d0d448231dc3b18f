import { createSocket } from "node:dgram";
import { setTimeout as sleep } from "node:timers/promises";
import {
  freeUdpPort,
  type InputHooks,
  protocolContract,
  type Sender,
} from "../../../tests/contract/index.ts";
import { udp } from "./index.ts";
import { TestSender } from "./testing/datagrams.ts";

const BAD_ADDRESSES: InputHooks["bad"] = [
  ["udp://"],
  ["udp://127.0.0.1"],
  ["udp://127.0.0.1:0"],
  ["udp://127.0.0.1:70000"],
  ["udp://300.0.0.1:1234"],
  ["udp://[::1:1234"],
  ["udp://10.0.0.1@[ff15::1]:1234"],
  ["udp://239.0.0.1:1234/a/b"],
  ["udp://239.0.0.1:1234", { source: "239.0.0.2" }],
  ["udp://239.0.0.1:1234", { buffer: 1 }],
  ["udp://239.0.0.1:1234", { reorder: -1 }],
  ["udp://239.0.0.1:1234", { timeout: "soon" }],
];

async function sender(to: { url: string; host: string; port: number; rtp?: boolean }): Promise<Sender> {
  const peer = await TestSender.open(to);
  let joined = false;
  return {
    url: to.url,
    async send(bytes) {
      // The socket of the input is bound a moment after its run began.
      if (!joined) await sleep(60);
      joined = true;
      await peer.send(bytes);
    },
    close: () => peer.close(),
  };
}

/** An input on a port that is taken. */
async function taken() {
  const port = await freeUdpPort();
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(port, "127.0.0.1", resolve));
  setTimeout(() => socket.close(), 100);
  return { url: `udp://127.0.0.1:${port}`, code: "udp.socket" };
}

protocolContract("UDP, unicast", {
  protocol: udp,
  input: {
    open: async () => {
      const port = await freeUdpPort();
      return sender({ url: `udp://127.0.0.1:${port}`, host: "127.0.0.1", port });
    },
    bad: BAD_ADDRESSES,
    failing: taken,
    datagrams: true,
  },
});

protocolContract("UDP, multicast", {
  protocol: udp,
  input: {
    open: async () => {
      const port = await freeUdpPort();
      return sender({ url: `udp://239.255.42.1:${port}/lo`, host: "239.255.42.1", port });
    },
    bad: [],
    failing: async () => ({ url: "udp://239.255.42.1:4000/nosuch0", code: "udp.no-interface" }),
    datagrams: true,
  },
});

protocolContract("RTP, unicast", {
  protocol: udp,
  input: {
    open: async () => {
      const port = await freeUdpPort();
      return sender({ url: `rtp://@127.0.0.1:${port}`, host: "127.0.0.1", port, rtp: true });
    },
    bad: [],
    failing: async () => ({
      url: `rtp://127.0.0.1:${await freeUdpPort()}`,
      options: { timeout: 100 },
      code: "udp.timeout",
    }),
    datagrams: true,
  },
});
