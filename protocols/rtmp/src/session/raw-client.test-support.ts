import { hex } from "@millrace/bytes";
import { type AmfValue, amfObject, isAmfObject } from "@millrace/flv";
import { type ChunkMessage, ChunkReader } from "../wire/chunk-reader.ts";
import { chunkMessage } from "../wire/chunk-writer.ts";
import { COMMAND_AMF0, COMMAND_AMF3, DATA_AMF0 } from "../wire/message-types.ts";
import { readCommand, readData, writeCommand } from "./command.ts";
import { plainRandom, ServerLog } from "./pipe.test-support.ts";
import { type RtmpServerParts, RtmpServerSession } from "./server.ts";

const HANDSHAKE_BYTES = 1 + 2 * 1536;

/** A client that says just what a test wants, and the server's answers as lines of text. */
export class RawClient {
  readonly log = new ServerLog();
  readonly session: RtmpServerSession;
  /** What the server sent since the last look. */
  #said: string[] = [];
  #skip = HANDSHAKE_BYTES;
  #transaction = 1;
  nowMs = 1000;
  readonly #reader = new ChunkReader((message) => this.#hear(message));

  constructor(options: RtmpServerParts["options"] = {}) {
    this.session = new RtmpServerSession(
      { send: (bytes) => this.#receive(bytes), events: this.log, random: plainRandom, options },
      this.nowMs,
    );
  }

  said(): string[] {
    const said = this.#said;
    this.#said = [];
    return said;
  }

  write(bytes: Uint8Array): void {
    this.session.receive(bytes, this.nowMs);
  }

  shake(): this {
    const bytes = new Uint8Array(HANDSHAKE_BYTES);
    bytes[0] = 3;
    this.write(bytes);
    return this;
  }

  send(type: number, streamId: number, body: Uint8Array, timestampMs = 0): void {
    this.write(chunkMessage({ csid: 3 + (type % 8), type, streamId, timestampMs }, body, 128));
  }

  command(streamId: number, name: string, ...values: AmfValue[]): void {
    const { type, body } = writeCommand([name, this.#transaction++, ...values]);
    this.send(type, streamId, body);
  }

  connect(object: { [name: string]: AmfValue } = {}): this {
    this.shake();
    this.command(0, "connect", amfObject({ app: "live", tcUrl: "rtmp://h/live", ...object }));
    return this;
  }

  /** Connected, with one stream, which is 1; what was said so far is forgotten. */
  ready(): this {
    this.connect();
    this.command(0, "createStream", null);
    this.said();
    return this;
  }

  #receive(bytes: Uint8Array): void {
    const skip = Math.min(this.#skip, bytes.length);
    this.#skip -= skip;
    if (skip < bytes.length) this.#reader.push(bytes.slice(skip));
  }

  #hear(message: ChunkMessage): void {
    const { type, streamId, payload } = message;
    if (type === COMMAND_AMF0 || type === COMMAND_AMF3) {
      const { name, transaction, object, args } = readCommand(type, payload);
      const amf3 = type === COMMAND_AMF3 ? " amf3" : "";
      this.#said.push(
        `${streamId}${amf3} ${name} ${transaction} ${brief(object)} ${args.map(brief).join(" ")}`.trim(),
      );
    } else if (type === DATA_AMF0) {
      this.#said.push(`${streamId} data ${(readData(type, payload) ?? []).map(brief).join(" ")}`);
    } else {
      this.#said.push(`${streamId} type ${type} ${hex(payload)}`);
    }
  }
}

function brief(value: AmfValue): string {
  if (typeof value === "string") return value;
  const code = isAmfObject(value) ? value["code"] : undefined;
  return typeof code === "string" ? code : (JSON.stringify(value) ?? "undefined");
}
