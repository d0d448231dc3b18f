import { createSocket } from "node:dgram";
import { openUdp, type UdpSocket } from "@millrace/native-udp";

/**
 * The same as `native/udp-loop.c`, in Node:
 *   udp-loop-main.ts receive COUNT native|dgram
 *   udp-loop-main.ts send PORT COUNT native|copied|dgram
 * `native` sends from where the bytes lie, `copied` has the socket copy them.
 */
const SIZE = 1316;
const BATCH = 64;
const WINDOW = 512;
const ACK_EVERY = 128;
const WARM_UP = 10;
const BUFFER_BYTES = 4 * 2 ** 20;

const cpuUs = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** Notes the CPU time from the first tenth to the end, and prints the result. */
class Meter {
  readonly #count: number;
  #begin = 0;
  #from = 0;

  constructor(count: number) {
    this.#count = count;
  }

  at(packets: number): void {
    if (this.#begin !== 0 || packets < this.#count / WARM_UP) return;
    this.#begin = cpuUs();
    this.#from = packets;
  }

  end(packets: number): void {
    console.log(`packets ${packets - this.#from} cpu-us ${cpuUs() - this.#begin}`);
  }
}

/** Counts what came, acknowledges, and tells when it is all. */
class Count {
  got = 0;
  readonly #meter: Meter;
  readonly #count: number;
  readonly #number = new Uint8Array(8);
  readonly #view = new DataView(this.#number.buffer);
  #acknowledged = 0;

  constructor(count: number) {
    this.#count = count;
    this.#meter = new Meter(count);
  }

  /** The acknowledgement, if one is due. */
  due(): Uint8Array | undefined {
    this.#meter.at(this.got);
    if (this.got - this.#acknowledged < ACK_EVERY && this.got < this.#count) return undefined;
    this.#acknowledged = this.got;
    this.#view.setBigUint64(0, BigInt(this.got), true);
    return this.#number;
  }

  /** Whether everything came; prints the result. */
  isDone(): boolean {
    if (this.got < this.#count) return false;
    this.#meter.end(this.got);
    console.log(`touched ${touched}`);
    return true;
  }
}

/** Sum of first bytes: what is received is looked at. */
let touched = 0;

async function receiveNative(count: number): Promise<void> {
  const socket = await openUdp({
    implementation: "native",
    local: { host: "127.0.0.1", port: 0 },
    receiveBufferBytes: BUFFER_BYTES,
  });
  const counter = new Count(count);
  socket.onPackets = (batch) => {
    const { block, offsets, count } = batch;
    for (let i = 0; i < count; i++) touched += block[offsets[i] as number] as number;
    counter.got += count;
    const due = counter.due();
    if (due !== undefined) socket.send(due, batch.source(0));
    if (counter.isDone()) socket.close().catch(console.error);
  };
  console.log(`port ${socket.local.port}`);
}

function receiveDgram(count: number): void {
  const socket = createSocket({ type: "udp4", recvBufferSize: BUFFER_BYTES });
  const counter = new Count(count);
  socket.on("message", (message, from) => {
    touched += message[0] as number;
    counter.got++;
    const due = counter.due();
    if (due !== undefined) socket.send(due.slice(), from.port, from.address);
    if (counter.isDone()) socket.close();
  });
  socket.bind(0, "127.0.0.1", () => console.log(`port ${socket.address().port}`));
}

/** Sends batches as far as the window allows, and again with each acknowledgement. */
class Flow {
  readonly #count: number;
  readonly #sendBatch: () => void;
  readonly #meter: Meter;
  #sent = 0;

  constructor(count: number, sendBatch: () => void) {
    this.#count = count;
    this.#sendBatch = sendBatch;
    this.#meter = new Meter(count);
  }

  /** Whether everything has come; prints the result. */
  acknowledge(packets: number): boolean {
    if (packets >= this.#count) {
      this.#meter.end(this.#sent);
      return true;
    }
    while (this.#sent < this.#count && this.#sent - packets <= WINDOW - BATCH) {
      this.#sendBatch();
      this.#sent += BATCH;
      this.#meter.at(this.#sent);
    }
    return false;
  }
}

function readNumber(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) +
    (bytes[at + 1] as number) * 2 ** 8 +
    (bytes[at + 2] as number) * 2 ** 16 +
    (bytes[at + 3] as number) * 2 ** 24
  );
}

async function sendNative(port: number, count: number, fill: (socket: UdpSocket) => void): Promise<void> {
  const socket = await openUdp({
    implementation: "native",
    local: { host: "127.0.0.1", port: 0 },
    remote: { host: "127.0.0.1", port },
    sendBufferBytes: BUFFER_BYTES,
  });
  const flow = new Flow(count, () => {
    fill(socket);
    socket.flush();
  });
  socket.onPackets = ({ block, offsets, count: came }) => {
    if (flow.acknowledge(readNumber(block, offsets[came - 1] as number))) socket.close().catch(console.error);
  };
  flow.acknowledge(0);
}

function sendDgram(port: number, count: number): void {
  const memory = new Uint8Array(BATCH * SIZE);
  const datagrams = Array.from({ length: BATCH }, (_, i) => memory.subarray(i * SIZE, (i + 1) * SIZE));
  const socket = createSocket({ type: "udp4", sendBufferSize: BUFFER_BYTES });
  const flow = new Flow(count, () => {
    for (const datagram of datagrams) socket.send(datagram);
  });
  socket.on("message", (message) => {
    if (flow.acknowledge(readNumber(message, 0))) socket.close();
  });
  socket.bind(0, "127.0.0.1", () => socket.connect(port, "127.0.0.1", () => flow.acknowledge(0)));
}

async function sliced(): Promise<(socket: UdpSocket) => void> {
  const { UdpSlice } = await import("@millrace/native-udp");
  const slice = new UdpSlice(new Uint8Array(BATCH * SIZE));
  return (socket) => {
    for (let i = 0; i < BATCH; i++) socket.queueSlice(slice.at(i * SIZE, SIZE));
  };
}

function copied(): (socket: UdpSocket) => void {
  const memory = new Uint8Array(BATCH * SIZE);
  const datagrams = Array.from({ length: BATCH }, (_, i) => memory.subarray(i * SIZE, (i + 1) * SIZE));
  return (socket) => {
    for (const datagram of datagrams) socket.queue(datagram);
  };
}

async function main(): Promise<void> {
  const [role, first, second, third] = process.argv.slice(2);
  if (role === "receive") {
    if (second === "dgram") receiveDgram(Number(first));
    else await receiveNative(Number(first));
    return;
  }
  if (third === "dgram") sendDgram(Number(first), Number(second));
  else await sendNative(Number(first), Number(second), third === "copied" ? copied() : await sliced());
}

await main();
