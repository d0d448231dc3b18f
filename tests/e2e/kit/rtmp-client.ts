import { connect, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { connect as connectTls } from "node:tls";
import { until } from "./server.ts";

const HANDSHAKE_BYTES = 1536;
const CHUNK_BYTES = 60_000;
const WAIT_MS = 8000;

const AUDIO = 8;
const VIDEO = 9;
const COMMAND = 20;
const MEDIA_STREAM = 1;

/** One tag of an FLV file. */
export interface FlvTag {
  readonly type: number;
  readonly timestampMs: number;
  readonly body: Buffer;
}

/** A value of a command. */
type Value = null | number | string | { readonly [name: string]: Value };

export interface ConnectOptions {
  /** Within TLS, whatever the certificate. */
  readonly secure?: boolean;
  /** Further fields of `connect`. */
  readonly fields?: Readonly<Record<string, Value>>;
}

/**
 * A client of RTMP that is written for tests alone and says only what has to be said: it looks for words in what comes
 * back and reads no message.
 */
export class RtmpClient {
  readonly socket: Socket;
  closed = false;
  #parts: Buffer[] = [];
  #transaction = 1;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (part: Buffer) => this.#parts.push(part));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
    });
  }

  /** Connects, shakes hands, names the application, and makes the first stream. */
  static async connect(
    t: Pick<TestContext, "after">,
    port: number,
    app: string,
    options: ConnectOptions = {},
  ): Promise<RtmpClient> {
    const socket = await open(port, options.secure === true);
    const client = new RtmpClient(socket);
    t.after(() => client.close());
    const hello = Buffer.alloc(1 + HANDSHAKE_BYTES);
    hello[0] = 3;
    socket.write(hello);
    await until(
      "the server's handshake",
      WAIT_MS,
      () => client.bytes.length >= 1 + 2 * HANDSHAKE_BYTES || undefined,
    );
    socket.write(client.bytes.subarray(1, 1 + HANDSHAKE_BYTES));
    client.#parts = [client.bytes.subarray(1 + 2 * HANDSHAKE_BYTES)];
    const size = Buffer.alloc(4);
    size.writeUInt32BE(CHUNK_BYTES);
    client.#message({ csid: 2, type: 1, streamId: 0, timestampMs: 0 }, size);
    const tcUrl = `rtmp://127.0.0.1:${port}/${app}`;
    client.#command(0, "connect", { app, tcUrl, flashVer: "test", ...options.fields });
    await client.waitFor("NetConnection.Connect.Success");
    client.createStream();
    return client;
  }

  /** One more stream: they are numbered from 1. */
  createStream(): void {
    this.#command(0, "createStream", null);
  }

  /** Asks to publish or play in a stream. The answer is in `bytes`. */
  request(word: "publish" | "play", name: string, streamId: number = MEDIA_STREAM): void {
    this.#command(streamId, word, null, name, ...(word === "publish" ? ["live"] : []));
  }

  deleteStream(streamId: number): void {
    this.#command(0, "deleteStream", null, streamId);
  }

  /** A client that publishes, once the server agreed. Rejects with what it said instead. */
  static async publish(
    t: Pick<TestContext, "after">,
    port: number,
    name: string,
    options: ConnectOptions = {},
  ): Promise<RtmpClient> {
    const { client, code } = await RtmpClient.ask(t, port, { word: "publish", name, ...options });
    if (code !== "NetStream.Publish.Start") throw new Error(code);
    return client;
  }

  /** A client that plays, once the server agreed. Rejects with what it said instead. */
  static async play(
    t: Pick<TestContext, "after">,
    port: number,
    name: string,
    options: ConnectOptions = {},
  ): Promise<RtmpClient> {
    const { client, code } = await RtmpClient.ask(t, port, { word: "play", name, ...options });
    if (code !== "NetStream.Play.Start" && code !== "NetStream.Play.Reset") throw new Error(code);
    return client;
  }

  /** The first code of NetStream that answers a request; `name` is application and name. */
  static async ask(
    t: Pick<TestContext, "after">,
    port: number,
    { word, name, ...options }: { word: "publish" | "play"; name: string } & ConnectOptions,
  ): Promise<{ client: RtmpClient; code: string }> {
    const slash = name.indexOf("/");
    const client = await RtmpClient.connect(t, port, name.slice(0, slash), options);
    client.request(word, name.slice(slash + 1));
    const code = await until(
      `an answer to ${word} ${name}`,
      WAIT_MS,
      () => /NetStream\.(?:Publish|Play)\.[A-Z]\w*/.exec(client.bytes.toString("latin1"))?.[0],
    );
    return { client, code };
  }

  /** All that came after the handshake. */
  get bytes(): Buffer {
    if (this.#parts.length > 1) this.#parts = [Buffer.concat(this.#parts)];
    return this.#parts[0] ?? Buffer.alloc(0);
  }

  send({ type, timestampMs, body }: FlvTag, streamId: number = MEDIA_STREAM): void {
    const csid = type === VIDEO ? 6 : type === AUDIO ? 4 : 5;
    this.#message({ csid, type, streamId, timestampMs }, body);
  }

  async waitFor(word: string): Promise<void> {
    await until(`the word ${word}`, WAIT_MS, () => this.bytes.includes(word) || undefined);
  }

  close(): void {
    this.socket.destroy();
  }

  #command(streamId: number, name: string, ...values: Value[]): void {
    const body = Buffer.concat([name, this.#transaction++, ...values].map(amf0));
    this.#message({ csid: 3, type: COMMAND, streamId, timestampMs: 0 }, body);
  }

  /** A message in chunks, the first with a whole header (RTMP 1.0 §5.3.1.2.1). */
  #message(
    {
      csid,
      type,
      streamId,
      timestampMs,
    }: { csid: number; type: number; streamId: number; timestampMs: number },
    body: Buffer,
  ): void {
    const header = Buffer.alloc(12);
    header[0] = csid;
    header.writeUIntBE(timestampMs, 1, 3);
    header.writeUIntBE(body.length, 4, 3);
    header[7] = type;
    header.writeUInt32LE(streamId, 8);
    const parts: Uint8Array[] = [header];
    for (let at = 0; at < body.length; at += CHUNK_BYTES) {
      if (at > 0) parts.push(Buffer.of(0xc0 | csid));
      parts.push(body.subarray(at, at + CHUNK_BYTES));
    }
    this.socket.write(Buffer.concat(parts));
  }
}

function open(port: number, secure: boolean): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const to = { port, host: "127.0.0.1" };
    const done = (): void => resolve(socket);
    const socket: Socket = secure
      ? connectTls({ ...to, rejectUnauthorized: false }, done)
      : connect(to, done);
    socket.once("error", reject);
  });
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function amf0(value: Value): Buffer {
  if (value === null) return Buffer.of(5);
  if (typeof value === "string") return Buffer.concat([Buffer.of(2), text(value)]);
  if (typeof value === "number") {
    const bytes = Buffer.alloc(9);
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  const fields = Object.entries(value).flatMap(([key, each]) => [text(key), amf0(each)]);
  return Buffer.concat([Buffer.of(3), ...fields, Buffer.of(0, 0, 9)]);
}

/** H.264 without an encoder: a configuration, and frames that are mostly filler. For tests of transport, not of decoders. */
export class FlvGenerator {
  readonly #frameBytes: number;
  readonly #gop: number;
  #frame: number;

  /** `from`: number of the first frame, which should be a multiple of `gop`. */
  constructor(options: { frameBytes: number; gop?: number; from?: number }) {
    this.#frameBytes = options.frameBytes;
    this.#gop = options.gop ?? 25;
    this.#frame = options.from ?? 0;
  }

  /** Number of the next frame. */
  get frames(): number {
    return this.#frame;
  }

  /** The configuration; to be sent first. */
  get config(): FlvTag {
    const [sps, pps] = ["6742c00dda0507e8400000030040000007a3c50aa8", "68ce3c80"];
    const record = `0142c00dffe1${hex16(sps.length / 2)}${sps}01${hex16(pps.length / 2)}${pps}`;
    return { type: VIDEO, timestampMs: 0, body: Buffer.from(`1700000000${record}`, "hex") };
  }

  /** The next frame, 40 ms after the one before. Its filler carries its number. */
  next(): FlvTag {
    const frame = this.#frame++;
    const key = frame % this.#gop === 0;
    const body = Buffer.alloc(this.#frameBytes, 0xaa);
    body.set([key ? 0x17 : 0x27, 1, 0, 0, 0]);
    body.writeUInt32BE(this.#frameBytes - 9, 5);
    body.write(key ? "65888400" : "419a0000", 9, "hex");
    body.write(frameMark(frame), 16, "latin1");
    return { type: VIDEO, timestampMs: frame * 40, body };
  }
}

/** What stands in a generated frame. */
export function frameMark(frame: number): string {
  return `frame-${String(frame).padStart(6, "0")};`;
}

/** The numbers of the generated frames in a recording, in order. */
export function framesIn(bytes: Buffer): number[] {
  return [...bytes.toString("latin1").matchAll(/frame-(\d{6});/g)].map((match) => Number(match[1]));
}

function hex16(value: number): string {
  return value.toString(16).padStart(4, "0");
}
