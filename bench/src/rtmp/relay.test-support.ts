import { createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";

const HANDSHAKE_BYTES = 1536;

function message(chunks: number, type: number, body: Buffer, streamId = 0): Buffer {
  const header = Buffer.alloc(12);
  header[0] = chunks;
  header.writeUIntBE(body.length, 4, 3);
  header[7] = type;
  header.writeUInt32LE(streamId, 8);
  return Buffer.concat([header, body]);
}

function text(value: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(value.length);
  return Buffer.concat([length, Buffer.from(value)]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

const [STRING, NULL, OBJECT, END] = [
  Buffer.from([2]),
  Buffer.from([5]),
  Buffer.from([3]),
  Buffer.from([0, 0, 9]),
];

function result(transaction: number, value: Buffer): Buffer {
  return message(3, 20, Buffer.concat([STRING, text("_result"), number(transaction), NULL, value]));
}

function status(level: string, code: string): Buffer {
  const field = (name: string, value: string) => Buffer.concat([text(name), STRING, text(value)]);
  const info = Buffer.concat([OBJECT, field("level", level), field("code", code), END]);
  return message(5, 20, Buffer.concat([STRING, text("onStatus"), number(0), NULL, info]), 1);
}

/** Chunks as large as the publisher's; acknowledgements each thousand bytes. */
const SETTINGS = Buffer.concat([
  message(2, 1, Buffer.from([0, 0, 0x10, 0])),
  message(2, 5, Buffer.from([0, 0, 3, 0xe8])),
]);

/**
 * The least that is a server of RTMP: answers commands without reading them well, and hands what its publisher sends to its
 * players as it comes, which is right as long as both say the same chunk size.
 */
export class FakeRelay {
  readonly port: number;
  readonly players = new Set<Socket>();
  /** What players sent after `play`. */
  heard = Buffer.alloc(0);
  names: string[] = [];

  private constructor(port: number) {
    this.port = port;
  }

  static async open(t: TestContext, options: { refuse?: boolean } = {}): Promise<FakeRelay> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      relay.#welcome(socket, options.refuse ?? false);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    t.after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const address = server.address();
    const relay = new FakeRelay(address !== null && typeof address === "object" ? address.port : 0);
    return relay;
  }

  #welcome(socket: Socket, refuse: boolean): void {
    let got = Buffer.alloc(0);
    let role: "new" | "publisher" | "player" = "new";
    let greeted = false;
    const said = (name: string): boolean => {
      const at = got.indexOf(text(name));
      if (at >= 0) got = got.subarray(at + 2 + name.length);
      return at >= 0;
    };
    socket.on("data", (bytes: Buffer) => {
      if (role === "publisher") for (const player of this.players) player.write(bytes);
      if (role === "player") this.heard = Buffer.concat([this.heard, bytes]);
      if (role !== "new") return;
      got = Buffer.concat([got, bytes]);
      if (!greeted && got.length >= 1 + HANDSHAKE_BYTES) {
        greeted = true;
        socket.write(Buffer.concat([Buffer.from([3]), Buffer.alloc(2 * HANDSHAKE_BYTES, 9)]));
        got = got.subarray(1 + HANDSHAKE_BYTES);
      }
      if (said("connect")) socket.write(Buffer.concat([SETTINGS, result(1, NULL)]));
      if (said("createStream")) socket.write(result(2, number(1)));
      if (said("publish")) {
        role = "publisher";
        this.names.push(got.toString("latin1", 13, 15));
        socket.write(status("status", "NetStream.Publish.Start"));
      } else if (said("play")) {
        role = "player";
        this.players.add(socket);
        this.heard = Buffer.concat([this.heard, got]);
        socket.write(
          refuse ? status("error", "NetStream.Play.Failed") : status("status", "NetStream.Play.Start"),
        );
      }
    });
  }
}
