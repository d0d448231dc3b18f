import { randomBytes } from "node:crypto";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { RtmpServerSession } from "./session/server.ts";
import type { ConnectInfo, RtmpServerEvents } from "./session/server-events.ts";
import type { RtmpServerOptions } from "./session/server-options.ts";

export interface FarClient {
  readonly session: RtmpServerSession;
  readonly socket: Socket;
  /** `publish app/name`, `play app/name`, `video 40 5000`, `stop`, `close`. */
  readonly lines: string[];
  /** Bodies of its video messages, one behind the other. */
  readonly video: Uint8Array[];
  readonly audio: Uint8Array[];
  info: ConnectInfo | undefined;
}

export interface FarServerOptions {
  readonly tls?: TlsOptions;
  readonly session?: Partial<RtmpServerOptions>;
  /** Text: `connect` is refused for that. */
  readonly onConnect?: (info: ConnectInfo) => string | undefined;
  /** A client was let publish or play. */
  readonly onStart?: (client: FarClient) => void;
}

/** For tests only: a server that takes everybody in, and notes what they do. */
export class FarServer {
  readonly clients: FarClient[] = [];
  readonly #server: Server;
  readonly #options: FarServerOptions;

  private constructor(options: FarServerOptions) {
    this.#options = options;
    const take = (socket: Socket): void => this.#welcome(socket);
    this.#server = options.tls === undefined ? createServer(take) : createTlsServer(options.tls, take);
    this.#server.on("tlsClientError", () => {});
  }

  static async start(
    t: { after(stop: () => unknown): void },
    options: FarServerOptions = {},
  ): Promise<FarServer> {
    const far = new FarServer(options);
    await new Promise<void>((resolve) => far.#server.listen(0, "127.0.0.1", resolve));
    t.after(() => far.close());
    return far;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get lines(): string[] {
    return this.clients.flatMap(({ lines }) => lines);
  }

  close(): void {
    this.#server.close();
    for (const { socket } of this.clients) socket.destroy();
  }

  #welcome(socket: Socket): void {
    const { onConnect, onStart } = this.#options;
    const lines: string[] = [];
    const video: Uint8Array[] = [];
    const audio: Uint8Array[] = [];
    const events: RtmpServerEvents = {
      onConnect: (info) => {
        client.info = info;
        lines.push(`connect ${info.app}`);
        return onConnect?.(info);
      },
      onPublish: (request, answer) => {
        lines.push(`publish ${request.name}`);
        answer.accept();
        onStart?.(client);
      },
      onPlay: (request, answer) => {
        lines.push(`play ${request.name}`);
        answer.accept();
        onStart?.(client);
      },
      onVideo: (body, timestampMs) => {
        lines.push(`video ${timestampMs} ${body.length}`);
        video.push(body);
      },
      onAudio: (body, timestampMs) => {
        lines.push(`audio ${timestampMs} ${body.length}`);
        audio.push(body);
      },
      onMetadata: (values) => lines.push(`data ${JSON.stringify(values[0])}`),
      onStop: () => lines.push("stop"),
      onClose: () => {
        lines.push("close");
        socket.end();
      },
    };
    const session = new RtmpServerSession(
      {
        events,
        send: (bytes) => socket.write(bytes),
        random: (count) => randomBytes(count),
        options: this.#options.session ?? {},
      },
      0,
    );
    const client: FarClient = { session, socket, lines, video, audio, info: undefined };
    this.clients.push(client);
    socket.on("data", (bytes: Uint8Array) => session.receive(bytes, 0));
    socket.on("error", () => {});
    socket.on("close", () => session.close());
  }
}
