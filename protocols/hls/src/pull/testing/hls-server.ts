import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a path answers: text, bytes, or a function that writes the answer. */
export type Served = string | Uint8Array | ((request: IncomingMessage, response: ServerResponse) => void);

/** An HTTP server whose documents the test puts there, and changes. Ranges of bytes are honoured. */
export class HlsServer {
  /** By path, without the query. */
  readonly files = new Map<string, Served>();
  readonly requests: {
    readonly path: string;
    readonly query: string;
    readonly headers: IncomingMessage["headers"];
  }[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(files: Readonly<Record<string, Served>> = {}): Promise<HlsServer> {
    const server = createServer((request, response) => hls.#answer(request, response));
    const hls = new HlsServer(server);
    for (const [path, served] of Object.entries(files)) hls.files.set(path, served);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return hls;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** `hls://` address of a path. */
  url(path: string): string {
    return `hls://127.0.0.1:${this.port}${path}`;
  }

  /** How often a path was asked for. */
  count(path: string): number {
    return this.requests.filter((request) => request.path === path).length;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const [path = "", query = ""] = (request.url ?? "").split("?");
    this.requests.push({ path, query, headers: request.headers });
    const served = this.files.get(path);
    if (served === undefined) response.writeHead(404).end();
    else if (typeof served === "function") served(request, response);
    else sendBytes(request, response, typeof served === "string" ? Buffer.from(served) : served);
  }
}

/** Sends bytes, or the stretch of them that was asked for. */
export function sendBytes(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array): void {
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
  if (range === null) response.writeHead(200, { "Content-Length": bytes.length }).end(bytes);
  else response.writeHead(206).end(bytes.subarray(Number(range[1]), Number(range[2]) + 1));
}

export interface LivePlaylist {
  readonly segments: readonly string[];
  readonly sequence?: number;
  readonly target?: number;
  /** Of each segment, seconds. */
  readonly duration?: number;
  readonly end?: boolean;
  /** Further lines of the head. */
  readonly head?: readonly string[];
}

/** A Media Playlist; a segment may bring its own tags in the lines before its name. */
export function mediaPlaylist({
  segments,
  sequence = 0,
  target = 1,
  duration = 1,
  end,
  head = [],
}: LivePlaylist): string {
  return [
    "#EXTM3U",
    `#EXT-X-TARGETDURATION:${target}`,
    `#EXT-X-MEDIA-SEQUENCE:${sequence}`,
    ...head,
    ...segments.map((segment) => {
      const lines = segment.split("\n");
      return [...lines.slice(0, -1), `#EXTINF:${duration},`, lines.at(-1)].join("\n");
    }),
    ...(end === true ? ["#EXT-X-ENDLIST"] : []),
    "",
  ].join("\n");
}
