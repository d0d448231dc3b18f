import { createSocket } from "node:dgram";
import { setTimeout as sleep } from "node:timers/promises";
import type { Options } from "@millrace/model";
import {
  freeUdpPort,
  type InputHooks,
  type OutputHooks,
  protocolContract,
  type Sender,
} from "../../../tests/contract/index.ts";
import { udp } from "./index.ts";
import { TestSender } from "./testing/datagrams.ts";
import { TestReceiver } from "./testing/receiver.ts";

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

const BAD_PUSHES: OutputHooks["bad"] = [
  ["udp://239.0.0.1"],
  ["udp://:1234"],
  ["udp://10.0.0.1@239.0.0.1:1234"],
  ["udp://239.0.0.1:1234", { pkt_size: 1000 }],
  ["udp://239.0.0.1:1234", { ttl: 300 }],
  ["udp://239.0.0.1:1234", { tos: 256 }],
  ["udp://239.0.0.1:1234", { dscp: 64 }],
  ["udp://239.0.0.1:1234", { dscp: 1, tos: 4 }],
  ["udp://239.0.0.1:1234", { cbr: 1 }],
  ["udp://239.0.0.1:1234", { pcr: 1000 }],
  ["udp://239.0.0.1:1234", { bind: "nowhere:1" }],
];

function output(scheme: "udp" | "rtp", options: Options, host = "127.0.0.1"): OutputHooks {
  return {
    bad: BAD_PUSHES,
    async open() {
      const receiver = await TestReceiver.open(host);
      return {
        url: `${scheme}://${host}:${receiver.port}${host.startsWith("239.") ? "/lo" : ""}`,
        options,
        bytes: () => receiver.bytes(scheme === "rtp" ? 12 : 0),
        close: () => receiver.close(),
      };
    },
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

protocolContract("UDP push, paced by PCR", { protocol: udp, output: output("udp", {}) });
protocolContract("RTP push, as it comes", { protocol: udp, output: output("rtp", { pacing: "off" }) });
protocolContract("UDP push to a group", {
  protocol: udp,
  output: output("udp", { multicast_loop: true, latency: 40 }, "239.255.45.1"),
});
