import type { HttpExchange, LaneReader, Runtime } from "@millrace/engine";
import { messageOf, pause, reasonOf } from "@millrace/engine";
import type { AccessRequest } from "@millrace/model";
import { STATUS_OF_REFUSAL } from "./errors.ts";
import { Fanout } from "./fanout.ts";
import { Viewer } from "./viewer.ts";

/** A viewer whose stream vanished (its worker died, it was reconfigured) waits this long for it to come back. */
const REJOIN_MS = 5000;
const REJOIN_PAUSE_MS = 100;

/** Serves `GET /NAME/mpegts` in one worker. */
export class HttpTsPlay {
  readonly #runtime: Runtime;
  readonly #fanouts = new Map<unknown, Fanout>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  async handle(exchange: HttpExchange): Promise<void> {
    const { request, response } = exchange;
    const access = accessOf(exchange, "play");
    const verdict = await this.#runtime.authorize(access);
    if (!verdict.ok) {
      response.writeHead(STATUS_OF_REFUSAL[verdict.reason], { "Content-Type": "text/plain" });
      response.end(`${verdict.text ?? verdict.reason}\n`);
      return;
    }
    const reader = await this.#runtime.read(access.stream, "ts");
    // Endless body, ended by closing (RFC 9112 §6.3): the bytes need no framing of their own.
    response.useChunkedEncodingByDefault = false;
    response.shouldKeepAlive = false;
    response.writeHead(200, {
      "Content-Type": "video/mp2t",
      "Cache-Control": "no-store",
      "Access-Control-Allow-Origin": "*",
      Connection: "close",
    });
    if (request.method === "HEAD") {
      reader.close();
      response.end();
      return;
    }
    response.flushHeaders();
    const { socket } = request;
    if (socket.destroyed) return reader.close();
    const session = this.#runtime.openSession(access);
    const viewer = new Viewer({
      socket,
      session,
      onLaneEnd: (ended) => void this.#rejoin(ended, access.stream),
      onStalled: () =>
        this.#runtime.log.info("viewer dropped: it reads nothing", { stream: access.stream, ip: access.ip }),
    });
    this.#join(viewer, reader);
  }

  #join(viewer: Viewer, reader: LaneReader): void {
    const { view } = reader;
    let fanout = this.#fanouts.get(view);
    if (fanout === undefined) {
      fanout = new Fanout(view.read("live"), () => this.#fanouts.delete(view));
      this.#fanouts.set(view, fanout);
    }
    viewer.join(fanout, reader);
  }

  async #rejoin(viewer: Viewer, stream: string): Promise<void> {
    const deadline = Date.now() + REJOIN_MS;
    const never = new AbortController().signal;
    while (!viewer.closed && Date.now() < deadline) {
      try {
        const reader = await this.#runtime.read(stream, "ts");
        if (viewer.closed) reader.close();
        else if (reader.ended || reader.view.ring.ended) {
          // Still the lane that just ended: what it holds was sent already.
          reader.close();
          await pause(REJOIN_PAUSE_MS, never);
          continue;
        } else this.#join(viewer, reader);
        return;
      } catch (error) {
        if (reasonOf(error) !== "unavailable") break;
        this.#runtime.log.debug("viewer waits for its stream", { stream, reason: messageOf(error) });
        await pause(REJOIN_PAUSE_MS, never);
      }
    }
    viewer.end();
  }
}

/** The questions of the access check, out of an HTTP request. */
export function accessOf(exchange: HttpExchange, kind: AccessRequest["kind"]): AccessRequest {
  const { request, query, match, ip } = exchange;
  const token = query["token"];
  const basic = basicCredentials(request.headers.authorization);
  const userAgent = request.headers["user-agent"];
  const referer = request.headers.referer;
  return {
    kind,
    stream: match[1] as string,
    protocol: "http-ts",
    ip,
    query,
    ...(token === undefined ? {} : { token }),
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(referer === undefined ? {} : { referer }),
    ...basic,
  };
}

/** User and password of an `Authorization: Basic` header (RFC 7617). */
function basicCredentials(header: string | undefined): { user?: string; password?: string } {
  const match = /^Basic\s+([A-Za-z0-9+/=]+)$/i.exec(header ?? "");
  if (match === null) return {};
  const text = Buffer.from(match[1] as string, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? { user: text } : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
