import { connect, createServer, type Socket } from "node:net";
import { eventually, freeTcpPort, protocolContract, type Sender } from "../../../tests/contract/index.ts";
import { tstcp } from "./index.ts";

const BAD = [
  ["tstcp://"],
  ["tstcp://127.0.0.1"],
  ["tstcp://127.0.0.1:0"],
  ["tstcp://127.0.0.1:99999"],
  ["tstcp://:5000"],
  ["tstcp://[nonsense]:5000"],
  ["tstcp://127.0.0.1:5000", { connect_timeout: 1 }],
  ["tstcp://127.0.0.1:5000", { timeout: "x" }],
] as const;

/** A server that whoever connects gets the bytes from. */
async function server(): Promise<Sender> {
  const clients = new Set<Socket>();
  const listening = createServer((socket) => {
    clients.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => clients.delete(socket));
  });
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const address = listening.address() as { port: number };
  return {
    url: `tstcp://127.0.0.1:${address.port}`,
    async send(bytes) {
      await eventually(() => clients.size > 0);
      for (const client of clients) client.write(bytes);
    },
    close: () =>
      new Promise((resolve) => {
        for (const client of clients) client.destroy();
        listening.close(() => resolve());
      }),
  };
}

/** A client that connects to an input that listens. */
async function client(): Promise<Sender> {
  const port = await freeTcpPort();
  let socket: Socket | undefined;
  const connected = async (): Promise<Socket> => {
    for (;;) {
      const made = connect(port, "127.0.0.1");
      const ready = await new Promise<boolean>((resolve) => {
        made.once("connect", () => resolve(true));
        made.once("error", () => resolve(false));
      });
      if (!ready) continue;
      made.on("error", () => undefined);
      return made;
    }
  };
  return {
    url: `tstcp://0.0.0.0:${port}`,
    options: { mode: "listener" },
    async send(bytes) {
      socket ??= await connected();
      socket.write(bytes);
    },
    close: async () => void socket?.destroy(),
  };
}

protocolContract("TS over TCP, connecting", {
  protocol: tstcp,
  input: {
    open: server,
    bad: BAD,
    failing: async () => ({ url: `tstcp://127.0.0.1:${await freeTcpPort()}`, code: "tstcp.connection" }),
  },
});

protocolContract("TS over TCP, listening", {
  protocol: tstcp,
  input: {
    open: client,
    bad: [],
    failing: async () => {
      const blocker = createServer();
      await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
      const { port } = blocker.address() as { port: number };
      setTimeout(() => blocker.close(), 100);
      return {
        url: `tstcp://127.0.0.1:${port}?mode=listener`,
        options: { mode: "listener" },
        code: "tstcp.connection",
      };
    },
  },
});
