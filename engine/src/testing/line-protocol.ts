import { createServer, type Server, type Socket } from "node:net";
import type { AccessRequest, RequestKind, ServerConfig } from "@millrace/model";
import { Demuxer, PACKET_SIZE } from "@millrace/mpegts";
import type { Listener, Protocol, Runtime, Source } from "../api.ts";
import { messageOf, refusal } from "../errors.ts";
import { PackagedReader } from "../lane/packaged-reader.ts";
import { linePackaging } from "./line-packaging.ts";

/**
 * For tests only: a protocol with TCP ports of its own, those of `line`. Whoever connects sends one line,
 * `who`, `publish STREAM` or `play STREAM`, and gets the worker's number, or `ok` and the connection for packets. With
 * `publish-units` what it sends is demultiplexed first, with `play-lines` it gets the packaged lane `lines`.
 * The public HTTP ports take the same lines.
 * `held://` is an input that delivers nothing and says so.
 */
export const line: Protocol = {
  name: "line",
  schemes: ["held"],
  options: [],
  pull: () => new HeldSource(),
  listen: (runtime) => new LineListener(runtime),
  packagings: [linePackaging()],
  recognise: {
    bytes: 3,
    matches: (first) => ["who", "pub", "pla"].includes(String.fromCharCode(...first.subarray(0, 3))),
  },
};

class HeldSource implements Source {
  readonly lane = "ts";

  run(_into: unknown, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  }

  describe(): { rttMs: number; peer: string } {
    return { rttMs: 7, peer: "held" };
  }
}

interface Door {
  readonly server: Server;
  readonly sockets: Set<Socket>;
}

class LineListener implements Listener {
  readonly #runtime: Runtime;
  readonly #doors = new Map<number, Door>();
  readonly #adopted = new Set<Socket>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  async apply(server: ServerConfig): Promise<readonly string[]> {
    const wanted = server.ports?.["line"] ?? [];
    const problems: string[] = [];
    for (const [port, door] of this.#doors) {
      if (wanted.some((each) => each.port === port)) continue;
      this.#doors.delete(port);
      await shut(door);
    }
    for (const { port } of wanted) {
      if (this.#doors.has(port)) continue;
      try {
        this.#doors.set(port, await this.#open(port));
      } catch (error) {
        problems.push(`line port ${port}: ${messageOf(error)}`);
      }
    }
    return problems;
  }

  async close(): Promise<void> {
    for (const socket of this.#adopted) socket.destroySoon();
    await Promise.all([...this.#doors.values()].map(shut));
  }

  adopt(socket: Socket): void {
    this.#welcome(socket, this.#adopted);
  }

  #open(port: number): Promise<Door> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => this.#welcome(socket, sockets));
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ port, host: "127.0.0.1", reusePort: true }, () => resolve({ server, sockets }));
    });
  }

  #welcome(socket: Socket, sockets: Set<Socket>): void {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
    this.#next(socket);
  }

  #next(socket: Socket): void {
    socket.once("data", (words) => {
      this.#serve(socket, String(words).trim()).catch((error: unknown) => {
        socket.end(`refused: ${messageOf(error)}\n`);
      });
    });
  }

  async #serve(socket: Socket, words: string): Promise<void> {
    const [verb, stream = ""] = words.split(" ");
    if (verb === "who") {
      socket.write(`${this.#runtime.workerIndex}\n`);
      return this.#next(socket);
    }
    const kind: RequestKind = verb?.startsWith("publish") === true ? "publish" : "play";
    const request: AccessRequest = { kind, stream, protocol: "line", ip: "127.0.0.1", query: {} };
    const verdict = await this.#runtime.authorize(request);
    if (!verdict.ok) throw refusal(verdict.reason, verdict.text ?? verdict.reason);
    const meant = { ...request, stream: verdict.stream ?? stream };
    if (verb === "publish-units") await this.#publishUnits(socket, meant);
    else if (verb === "play-lines") await this.#playLines(socket, meant);
    else await (kind === "publish" ? this.#publish(socket, meant) : this.#play(socket, meant));
  }

  async #publish(socket: Socket, request: AccessRequest): Promise<void> {
    const publication = await this.#runtime.publish(request);
    let reads = 0;
    publication.describe = () => ({ reads });
    publication.signal.addEventListener("abort", () => socket.destroy(), { once: true });
    socket.once("close", () => publication.end());
    socket.on("data", (bytes: Buffer) => {
      reads++;
      publication.writer.ts(bytes);
    });
    socket.write("ok\n");
  }

  async #publishUnits(socket: Socket, request: AccessRequest): Promise<void> {
    const publication = await this.#runtime.publishUnits(request);
    const { writer, signal } = publication;
    const demuxer = new Demuxer({
      onTracks: (tracks) => writer.setTracks(tracks),
      onUnit: (unit) => writer.unit(unit),
    });
    signal.addEventListener("abort", () => socket.destroy(), { once: true });
    socket.once("close", () => publication.end());
    let rest = Buffer.alloc(0);
    socket.on("data", (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      const count = Math.floor(rest.length / PACKET_SIZE);
      demuxer.push(rest, 0, count);
      rest = rest.subarray(count * PACKET_SIZE);
    });
    socket.write("ok\n");
  }

  async #playLines(socket: Socket, request: AccessRequest): Promise<void> {
    const player = new PackagedReader(await this.#runtime.read(request.stream, "lines"));
    const { reader } = player;
    const pump = (): void => {
      while (player.next()) {
        const bytes = reader.hold();
        if (bytes === undefined) {
          player.skip();
          continue;
        }
        socket.write(bytes.slice());
        reader.release();
      }
      if (reader.ended || player.torn) socket.end();
    };
    socket.once("close", () => player.close());
    socket.write("ok\n");
    reader.onReadable = pump;
    pump();
  }

  async #play(socket: Socket, request: AccessRequest): Promise<void> {
    const reader = await this.#runtime.read(request.stream, "ts");
    const session = this.#runtime.openSession(request);
    session.describe = () => ({ waiting: socket.writableLength });
    const pump = (): void => {
      reader.drain((bytes) => {
        session.bytes += bytes.length;
        socket.write(bytes.slice());
      });
      if (reader.ended) socket.end();
    };
    socket.once("close", () => {
      reader.close();
      session.close();
    });
    socket.write("ok\n");
    reader.onReadable = pump;
    pump();
  }
}

function shut({ server, sockets }: Door): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroySoon();
  });
}
