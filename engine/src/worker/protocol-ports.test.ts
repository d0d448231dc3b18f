import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { Worker } from "node:worker_threads";
import type { ServerConfig, StreamConfig } from "@millrace/model";
import { countedTs, eventually, freeTcpPort } from "../../../tests/contract/index.ts";
import type { LogFields, Logger } from "../api.ts";
import { Supervisor } from "../control/supervisor.ts";

const STREAM: StreamConfig = {
  name: "held",
  kind: "static",
  inputs: [{ url: "held://", scheme: "held", priority: 1, sourceTimeoutMs: 60_000, options: {} }],
  pushes: [],
  publishEnabled: false,
  disabled: false,
  retryLimit: 10,
  clientsTimeoutMs: 60_000,
  sourceTimeoutMs: 60_000,
  options: {},
};

/** No HTTP; ports of the protocol `line`, and names below `live/` for publishers. */
function configOf(ports: readonly number[]): ServerConfig {
  const line = ports.map((port) => ({ port, options: {} }));
  const live: StreamConfig = { ...STREAM, name: "live", kind: "ondemand", inputs: [], publishEnabled: true };
  const lists = { streams: [STREAM], livePrefixes: [live], rewrites: [], fileLocations: [] };
  return { http: [], workers: 2, ...lists, options: {}, ports: { line } };
}

/** Two workers in threads of their own, which are never told to end by force. */
class Pair {
  readonly supervisor: Supervisor;
  readonly log: { level: string; message: string }[] = [];
  readonly exits: Promise<unknown>[] = [];

  constructor(t: TestContext, ports: readonly number[]) {
    this.supervisor = new Supervisor({
      server: configOf(ports),
      dataDir: "/nonexistent",
      log: this.#logger(),
      spawn: (start) => {
        const file = new URL("../testing/line-thread.ts", import.meta.url);
        const worker = new Worker(file, { workerData: start, transferList: [start.port] });
        this.exits.push(once(worker, "exit"));
        return { terminate: () => {}, onExit: (callback) => worker.on("exit", () => callback(undefined)) };
      },
    });
    t.after(() => this.supervisor.stop());
  }

  reload(ports: readonly number[]): void {
    this.supervisor.apply(configOf(ports));
  }

  async until(message: string): Promise<void> {
    await eventually(() => this.log.some((line) => line.message.includes(message)), {
      what: () => JSON.stringify(this.log),
    });
  }

  #logger(): Logger {
    const line =
      (level: string) =>
      (message: string, _fields?: LogFields): void =>
        void this.log.push({ level, message });
    return {
      debug: line("debug"),
      info: line("info"),
      warn: line("warn"),
      error: line("error"),
      child: () => this.#logger(),
    };
  }
}

/** A connection whose first answers are lines, and what follows bytes. */
class Client {
  readonly socket: Socket;
  #parts: Buffer[] = [];
  ended = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (part: Buffer) => this.#parts.push(part));
    socket.once("close", () => {
      this.ended = true;
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  async say(words: string): Promise<string> {
    this.socket.write(`${words}\n`);
    await eventually(() => this.bytes.includes(10) || this.ended, { what: () => words });
    const all = this.bytes;
    const end = all.indexOf(10);
    this.#parts = [all.subarray(end + 1)];
    return String(all.subarray(0, end));
  }
}

async function tryTo(port: number): Promise<Client | undefined> {
  const socket = connect(port, "127.0.0.1");
  const ready = await Promise.race([
    once(socket, "connect").then(() => true),
    once(socket, "close").then(() => false),
  ]).catch(() => false);
  return ready ? new Client(socket) : undefined;
}

/** A connection that the kernel gave to this worker. */
async function clientOf(port: number, worker: number): Promise<Client> {
  for (let i = 0; i < 200; i++) {
    const client = await tryTo(port);
    assert.ok(client !== undefined, `port ${port} is open`);
    if ((await client.say("who")) === String(worker)) return client;
    client.socket.destroy();
  }
  throw new Error(`no connection to worker ${worker}`);
}

async function isOpen(port: number): Promise<boolean> {
  const client = await tryTo(port);
  client?.socket.destroy();
  return client !== undefined;
}

async function untilOpen(port: number, wanted: boolean): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if ((await isOpen(port)) === wanted) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`port ${port} should be ${wanted ? "open" : "closed"}`);
}

/** A port that is held, without sharing, until the test ends. */
async function hold(t: TestContext): Promise<{ port: number }> {
  const holder = createServer();
  t.after(() => holder.close());
  holder.listen(0, "127.0.0.1");
  await once(holder, "listening");
  return holder.address() as { port: number };
}

function inUse(port: number): string {
  return `listen EADDRINUSE: address already in use 127.0.0.1:${port}`;
}

test("ports of a protocol: shared by workers, changed by a reload, closed at the end", {
  timeout: 60_000,
}, async (t) => {
  const [first, second] = [await freeTcpPort(), await freeTcpPort()];
  const pair = new Pair(t, [first]);
  await pair.supervisor.start();

  // A publisher names its stream under the prefix; it is served by one worker, a viewer by the other.
  const publisher = await clientOf(first, 0);
  assert.equal(await publisher.say("play live/one"), 'refused: there is no stream "live/one"');
  const sender = await clientOf(first, 0);
  assert.equal(await sender.say("publish live/one"), "ok");
  const rival = await clientOf(first, 1);
  assert.equal(await rival.say("publish live/one"), 'refused: somebody publishes "live/one" already');
  const sent: Uint8Array[] = [];
  const send = (): void => {
    const bytes = countedTs(200, { from: sent.length * 200 });
    sent.push(bytes);
    sender.socket.write(bytes);
  };
  send();
  const viewer = await clientOf(first, 1);
  assert.equal(await viewer.say("play live/one"), "ok");
  const caughtUp = async (): Promise<void> => {
    send();
    const last = sent.at(-1) as Uint8Array;
    await eventually(() => viewer.bytes.subarray(-last.length).equals(last), {
      what: () => `${viewer.bytes.length} bytes came`,
    });
    const all = Buffer.concat(sent);
    assert.ok(viewer.bytes.equals(all.subarray(all.length - viewer.bytes.length)), "no byte is missing");
  };
  await caughtUp();

  await t.test("numbers of sessions and inputs are told when asked for", async () => {
    const reports = await pair.supervisor.report();
    const sessions = reports
      .flatMap((report) => report.sessions)
      .toSorted((a, b) => (a.kind < b.kind ? -1 : 1));
    assert.deepEqual(
      sessions.map(({ kind, stream, protocol }) => [kind, stream, protocol]),
      [
        ["play", "live/one", "line"],
        ["publish", "live/one", "line"],
      ],
    );
    assert.equal(sessions[0]?.details?.["waiting"], 0);
    assert.ok(Number(sessions[1]?.details?.["reads"]) >= 2);
    assert.equal(sessions[1]?.bytes, sent.length * 200 * 188);
    const inputs = reports.flatMap((report) => report.streams).flatMap((stream) => stream.inputs);
    const held = inputs.find((input) => input.url === "held://");
    assert.deepEqual(held?.details, { rttMs: 7, peer: "held" });
    assert.equal(inputs.find((input) => input.url === "publish://")?.details, undefined);
  });

  await t.test("a port in use is reported, the others work, nobody else notices", async () => {
    const { port: taken } = await hold(t);
    pair.reload([first, taken, second]);
    await pair.until(`line port ${taken}: ${inUse(taken)}`);
    await untilOpen(second, true);
    const here = await clientOf(second, 1);
    const there = await clientOf(second, 0);
    await caughtUp();
    const errors = pair.log.filter((line) => line.level === "error").length;
    pair.reload([first]);
    await untilOpen(second, false);
    await eventually(() => here.ended && there.ended);
    await caughtUp();
    assert.equal(pair.log.filter((line) => line.level === "error").length, errors);
  });

  send();
  await pair.supervisor.stop();
  // Nobody ends the threads: they end because nothing is open in them any more.
  await Promise.all(pair.exits);
  await eventually(() => viewer.ended && sender.ended);
  assert.equal(await isOpen(first), false);
});

test("a port in use at the start ends it with its name, and nothing stays open", {
  timeout: 60_000,
}, async (t) => {
  const { port } = await hold(t);
  const pair = new Pair(t, [port, await freeTcpPort()]);
  await assert.rejects(pair.supervisor.start(), { message: `line port ${port}: ${inUse(port)}` });
  await Promise.all(pair.exits);
});
