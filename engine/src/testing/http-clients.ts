import { request as plainRequest } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2, type IncomingHttpHeaders } from "node:http2";
import { request as tlsRequest } from "node:https";
import type { TestContext } from "node:test";

/** For tests only: an answer, or how it broke off. */
export interface Answer {
  readonly version: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The body is not whole. */
  readonly broken: boolean;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array;
}

export type Client = (path: string, ask?: Ask) => Promise<Answer>;

/** One connection for each request. */
export function http1Client(port: number, options: { tls?: boolean } = {}): Client {
  const send = options.tls === true ? tlsRequest : plainRequest;
  return (path, { method = "GET", headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const target = {
        host: "127.0.0.1",
        port,
        path,
        method,
        headers,
        agent: false,
        rejectUnauthorized: false,
      };
      const request = send(target, (response) => {
        const parts: Buffer[] = [];
        const done = (): void =>
          resolve({
            version: response.httpVersion,
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts),
            broken: !response.complete,
          });
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("error", () => {});
        response.once("close", done);
      });
      request.once("error", reject);
      request.end(body);
    });
}

/** The same for requests that are not simple enough to pass Node's server by. */
export function throughNode(ask: Client): Client {
  return (path, options = {}) =>
    ask(path, { ...options, headers: { "content-length": "0", ...options.headers } });
}

/** All requests are streams of one connection. An answer that never began is a rejection with the code of its reset. */
export function http2Client(t: TestContext, port: number): Client & { readonly session: ClientHttp2Session } {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  session.on("error", () => {});
  t.after(() => session.destroy());
  const ask: Client = (path, { method = "GET", headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ":path": path, ":method": method, ...headers });
      const parts: Buffer[] = [];
      let answered: IncomingHttpHeaders | undefined;
      let ended = false;
      stream.on("response", (received) => (answered = received));
      stream.on("data", (part: Buffer) => parts.push(part));
      stream.on("end", () => (ended = true));
      stream.on("error", () => {});
      stream.once("close", () => {
        const { rstCode } = stream;
        if (answered === undefined) {
          reject(Object.assign(new Error(`reset with ${rstCode}`), { code: rstCode }));
          return;
        }
        const { ":status": status } = answered as { ":status"?: number };
        const broken = !ended || (rstCode ?? 0) !== 0;
        resolve({
          version: "2.0",
          status: status ?? 0,
          headers: answered,
          body: Buffer.concat(parts),
          broken,
        });
      });
      stream.end(body);
    });
  return Object.assign(ask, { session });
}
