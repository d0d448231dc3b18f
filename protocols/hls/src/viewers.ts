import type { HttpExchange, Runtime, ViewerSession } from "@millrace/engine";
import type { AccessRequest } from "@millrace/model";
import { noSuchStream } from "./errors.ts";

/** HLS has no connection: a viewer that asked for nothing in this time has gone. */
const GONE_MS = 30_000;
const SWEEP_MS = 5000;

interface Known {
  readonly session: ViewerSession;
  seenMs: number;
}

/** HLS viewers of one worker, told apart by address, program and token. */
export class HlsViewers {
  readonly #runtime: Runtime;
  readonly #known = new Map<string, Known>();
  #timer: NodeJS.Timeout | undefined;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** The viewer behind a request, after asking whether it may watch. Undefined when the answer was sent already. */
  async admit(exchange: HttpExchange): Promise<ViewerSession | undefined> {
    const access = accessOf(exchange);
    const key = `${access.stream} ${access.ip} ${access.token ?? ""} ${access.userAgent ?? ""}`;
    const now = this.#runtime.clock.wallMs();
    const known = this.#known.get(key);
    if (known !== undefined) {
      known.seenMs = now;
      return known.session;
    }
    // A session for every name that somebody makes up would fill memory.
    if (!this.#runtime.knows(access.stream)) throw noSuchStream(access.stream);
    const verdict = await this.#runtime.authorize(access);
    if (!verdict.ok) {
      exchange.response.writeHead(403, { "Content-Type": "text/plain", "Access-Control-Allow-Origin": "*" });
      exchange.response.end(`${verdict.text ?? verdict.reason}\n`);
      return undefined;
    }
    // Another request of the same viewer may have been faster.
    const other = this.#known.get(key);
    if (other !== undefined) return other.session;
    const session = this.#runtime.openSession(access);
    this.#known.set(key, { session, seenMs: now });
    this.#timer ??= setInterval(() => this.#sweep(), SWEEP_MS).unref();
    return session;
  }

  #sweep(): void {
    const before = this.#runtime.clock.wallMs() - GONE_MS;
    for (const [key, { session, seenMs }] of this.#known) {
      if (seenMs > before) continue;
      session.close();
      this.#known.delete(key);
    }
    if (this.#known.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

function accessOf({ request, query, match, ip }: HttpExchange): AccessRequest {
  const token = query["token"];
  const userAgent = request.headers["user-agent"];
  const referer = request.headers.referer;
  return {
    kind: "play",
    stream: match[1] as string,
    protocol: "hls",
    ip,
    query,
    ...(token === undefined ? {} : { token }),
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(referer === undefined ? {} : { referer }),
  };
}
