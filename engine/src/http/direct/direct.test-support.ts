import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { connect as connectTls } from "node:tls";
import { eventually } from "../../../../tests/contract/index.ts";
import { CountedMemory } from "../../testing/counted-memory.ts";
import { openDoor } from "../../testing/door-kit.ts";
import { sendItem, sendText } from "../documents.ts";
import { ItemStream } from "../item-stream.ts";
import type { DocumentExchange, HttpRoute } from "../route.ts";
import { DirectResponse } from "./direct-response.ts";

export const HOST = "Host: x\r\n";
const methods = ["GET", "HEAD"];

export interface Waiting {
  readonly path: string;
  readonly answer: () => void;
  readonly gone: () => boolean;
}

/** Routes of each kind. What is asked for is in `asked`, with a mark if it did not pass Node by. */
export async function serve(
  t: TestContext,
  pieces: readonly Uint8Array[] = [new Uint8Array(3_000_000).fill(7)],
) {
  const memory = new CountedMemory();
  const item = memory.item("video/mp4", undefined, pieces);
  const asked: string[] = [];
  const waiting: Waiting[] = [];
  const streams: ItemStream[] = [];
  const note = ({ request, response }: DocumentExchange): void => {
    const way = response instanceof DirectResponse ? "" : " by Node";
    asked.push(`${request.method} ${request.url}${way}`);
  };
  const text = (exchange: DocumentExchange, body = `${exchange.path}\n`) =>
    sendText(exchange, { type: "text/plain", text: body, cache: "no-store" });
  const document = (pattern: RegExp, handle: (exchange: DocumentExchange) => unknown): HttpRoute => ({
    methods,
    documents: true,
    pattern,
    handle: async (exchange) => {
      note(exchange);
      await handle(exchange);
    },
  });
  const routes: HttpRoute[] = [
    document(/^\/text\//, (exchange) => text(exchange)),
    document(/^\/item$/, (exchange) => sendItem(memory, exchange, item, { cache: "no-store" })),
    document(/^\/throws$/, () => {
      throw new Error("a bug");
    }),
    document(/^\/missing$/, () => {
      throw Object.assign(new Error("not here"), { code: "not-found" });
    }),
    document(/^\/growing$/, (exchange) => {
      streams.push(new ItemStream(memory, exchange, { type: "video/mp4", cache: "no-store" }));
    }),
    document(
      /^\/slow\//,
      (exchange) =>
        new Promise<void>((resolve) => {
          const { path } = exchange;
          const answer = (): void => {
            void text(exchange);
            resolve();
          };
          waiting.push({ path, answer, gone: () => (exchange.response as DirectResponse).gone });
        }),
    ),
    {
      methods: ["GET", "POST"],
      pattern: /^\/page$/,
      handle: async ({ request, response }) => {
        let bytes = 0;
        for await (const part of request) bytes += (part as Buffer).length;
        response.end(`page of ${bytes}`);
      },
    },
    {
      methods: [],
      pattern: /^\/socket$/,
      handle: () => {},
      upgrade: async ({ accept }) => {
        const link = await accept();
        link.onText = (word) => link.sendText(`heard ${word}`);
      },
    },
  ];
  const next = async (): Promise<Waiting> => {
    await eventually(() => waiting.length > 0, { what: () => "a request that waits" });
    return waiting.shift() as Waiting;
  };
  return { ...(await openDoor(t, routes)), memory, asked, waiting, next, streams };
}

/** A client of raw bytes. */
export class Dialled {
  readonly socket: Socket;
  #got = "";
  ended = false;

  constructor(t: TestContext, port: number, options: { paused?: boolean; tls?: boolean } = {}) {
    this.socket =
      options.tls === true
        ? connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false })
        : connect({ port, host: "127.0.0.1" });
    t.after(() => this.socket.destroy());
    this.socket.on("error", () => {});
    this.socket.on("end", () => (this.ended = true));
    if (options.paused !== true)
      this.socket.on("data", (part: Buffer) => (this.#got += part.toString("latin1")));
  }

  get got(): string {
    return this.#got;
  }

  write(text: string): void {
    this.socket.write(text, "latin1");
  }

  /** Answers with a length, as far as they are whole. */
  answers(): { status: number; head: string; body: string }[] {
    const found = [];
    for (let rest = this.#got; ; ) {
      const end = rest.indexOf("\r\n\r\n");
      if (end < 0) return found;
      const head = rest.slice(0, end + 2);
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
      const body = rest.slice(end + 4, end + 4 + length);
      if (body.length < length) return found;
      found.push({ status: Number(head.slice(9, 12)), head, body });
      rest = rest.slice(end + 4 + length);
    }
  }

  async bodies(count: number): Promise<string[]> {
    await eventually(() => this.answers().length >= count, {
      what: () => `${count} answers: ${this.#got.slice(0, 500)}`,
    });
    return this.answers().map(({ body }) => body);
  }

  async over(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, "close");
  }
}

export const get = (path: string, more = ""): string => `GET ${path} HTTP/1.1\r\n${HOST}${more}\r\n`;
