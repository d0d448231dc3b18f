import { createSocket } from "node:dgram";
import type { Options } from "@millrace/model";
import {
  eventually,
  freeUdpPort,
  type InputHooks,
  type OutputHooks,
  protocolContract,
  type Sender,
} from "../../../tests/contract/index.ts";
import { srt } from "./index.ts";
import { MessageCutter } from "./message-cutter.ts";
import type { Line } from "./port/call.ts";
import { dial, Inbox, TestGate } from "./port/loopback.test-support.ts";

/** Spreads a burst over some time, so that the kernel's buffers hold it. */
const PACED: Options = { maxbw: 8_000_000 };

/** Sends as messages of SRT. */
function sendOver({ connection, port }: Line, bytes: Uint8Array): void {
  const { nowUs } = port;
  const cutter = new MessageCutter(connection.agreement.payloadBytes, (message) =>
    connection.send(message, nowUs, nowUs),
  );
  cutter.write(bytes);
  cutter.flush();
  port.wakeFor(connection);
}

/** The other side of an input that calls: it listens. */
async function listener(options: Options): Promise<Sender> {
  const there = await TestGate.open({ ...PACED, ...options });
  return {
    url: `srt://127.0.0.1:${there.port}`,
    options,
    async send(bytes) {
      await eventually(() => there.connections.length > 0);
      for (const connection of there.connections) sendOver({ connection, port: there.gate.port }, bytes);
    },
    close: () => there.close(),
  };
}

/** The other side of an input that listens, or that calls at the same time. */
async function caller(mode: "listener" | "rendezvous", options: Options = {}): Promise<Sender> {
  const [port, ownPort] = [await freeUdpPort(), await freeUdpPort()];
  const theirs = mode === "rendezvous" ? { mode, localport: ownPort, adapter: "127.0.0.1" } : {};
  let line: Line | undefined;
  return {
    url: mode === "rendezvous" ? `srt://127.0.0.1:${ownPort}` : `srt://127.0.0.1:${port}`,
    options:
      mode === "rendezvous"
        ? { mode, localport: port, adapter: "127.0.0.1", ...options }
        : { mode, ...options },
    async send(bytes) {
      line ??= await dial(port, { ...PACED, ...theirs, ...options });
      sendOver(line, bytes);
    },
    close: async () => line?.port.close(),
  };
}

async function takenPort(): Promise<number> {
  const port = await freeUdpPort();
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(port, "127.0.0.1", resolve));
  setTimeout(() => socket.close(), 100);
  return port;
}

const BAD: InputHooks["bad"] = [
  ["srt://"],
  ["srt://127.0.0.1"],
  ["srt://127.0.0.1:0"],
  ["srt://127.0.0.1:70000"],
  ["srt://127.0.0.1:9000/a"],
  ["srt://[::1:9000"],
  ["srt://:9000", { mode: "caller" }],
  ["srt://:9000", { mode: "rendezvous" }],
  ["srt://127.0.0.1:9000", { passphrase: "short" }],
  ["srt://127.0.0.1:9000", { latency: -1 }],
  ["srt://127.0.0.1:9000", { kmrefreshrate: 100, kmpreannounce: 99 }],
  ["srt://127.0.0.1:9000", { packetfilter: "fec,rows:5" }],
  ["srt://127.0.0.1:9000", { streamid: "x".repeat(513) }],
  ["srt://127.0.0.1:9000", { adapter: "no/where" }],
  ["srt://127.0.0.1:9000", { minversion: "new" }],
  ["srt://127.0.0.1:9000", { mss: 20 }],
];

const nobody: InputHooks["failing"] = async () => ({
  url: `srt://127.0.0.1:${await freeUdpPort()}`,
  options: { conntimeo: 100 },
  code: "srt.refused",
});

const SECRET = { passphrase: "correct horse", kmrefreshrate: 200, kmpreannounce: 60 };

protocolContract("SRT input, calling", {
  protocol: srt,
  input: { open: () => listener({}), bad: BAD, failing: nobody, datagrams: true },
});

protocolContract("SRT input, calling, encrypted and with a filter", {
  protocol: srt,
  input: {
    open: () => listener({ ...SECRET, packetfilter: "fec,cols:10,rows:5" }),
    bad: [],
    failing: async () => {
      const there = await TestGate.open(SECRET);
      setTimeout(() => void there.close(), 200);
      return { url: `srt://127.0.0.1:${there.port}`, code: "srt.refused" };
    },
    datagrams: true,
  },
});

protocolContract("SRT input, listening", {
  protocol: srt,
  input: {
    open: () => caller("listener", SECRET),
    bad: [],
    failing: async () => ({
      url: `srt://127.0.0.1:${await takenPort()}`,
      options: { mode: "listener" },
      code: "srt.socket",
    }),
    datagrams: true,
  },
});

protocolContract("SRT input, rendezvous", {
  protocol: srt,
  input: {
    open: () => caller("rendezvous"),
    bad: [],
    failing: async () => ({
      url: `srt://127.0.0.1:${await freeUdpPort()}`,
      options: { mode: "rendezvous", adapter: "127.0.0.1", localport: await takenPort() },
      code: "srt.socket",
    }),
    datagrams: true,
  },
});

function concatenated(inbox: Inbox): Uint8Array {
  return new Uint8Array(Buffer.concat(inbox.payloads));
}

/** A push that calls a listener, or meets its peer. */
function output(mode: "caller" | "rendezvous", options: Options): OutputHooks {
  return {
    bad: BAD,
    async open() {
      if (mode === "caller") {
        const there = await TestGate.open(options);
        return {
          url: `srt://127.0.0.1:${there.port}`,
          options,
          bytes: () => concatenated(there.inbox),
          close: () => there.close(),
        };
      }
      const [port, ownPort] = [await freeUdpPort(), await freeUdpPort()];
      const abort = new AbortController();
      const inbox = new Inbox();
      const line = dial(
        port,
        { mode, localport: ownPort, adapter: "127.0.0.1", ...options },
        { signal: abort.signal, events: inbox.events },
      ).catch(() => undefined);
      return {
        url: `srt://127.0.0.1:${ownPort}`,
        options: { mode, localport: port, adapter: "127.0.0.1", ...options },
        bytes: () => concatenated(inbox),
        async close() {
          abort.abort();
          await (await line)?.port.close();
        },
      };
    },
  };
}

protocolContract("SRT push, calling", { protocol: srt, output: output("caller", { linger: 2000 }) });
protocolContract("SRT push, calling, encrypted with AES-GCM", {
  protocol: srt,
  output: output("caller", { ...SECRET, cryptomode: "gcm", payload_size: 1316 }),
});
protocolContract("SRT push, rendezvous", { protocol: srt, output: output("rendezvous", SECRET) });
