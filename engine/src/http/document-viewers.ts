import type { AccessRequest } from "@millrace/model";
import type { Awaitable, Runtime, ViewerSession } from "../api.ts";
import { refusal } from "../errors.ts";
import { accessOf, refuse } from "./access.ts";
import { DirectResponse } from "./direct/direct-response.ts";
import type { DocumentExchange } from "./route.ts";

/** Documents are asked for one by one: a viewer that asked for nothing in this time has gone. */
const GONE_MS = 30_000;
const SWEEP_MS = 5000;

/** The owner of a stream is told at most so often that a viewer asked for it. */
const TOUCH_MS = 1000;

interface Known {
  readonly session: ViewerSession;
  seenMs: number;
  touchedMs: number;
  closed: boolean;
}

/** Who asked last with these headers. */
interface Asker {
  readonly stream: string;
  readonly query: Readonly<Record<string, string>>;
  readonly known: Known;
}

/** What it needs of its worker. */
export type ViewersRuntime = Pick<Runtime, "clock" | "authorize" | "knows" | "openSession" | "touch">;

/**
 * The viewers of one worker who play formats made of documents, told apart by what they ask for and who they say they are:
 * one session each, whichever protocol's document they ask for.
 */
export class DocumentViewers {
  readonly #runtime: ViewersRuntime;
  readonly #known = new Map<string, Known>();
  /** By the headers of requests that share them, which come by one connection. */
  readonly #askers = new WeakMap<object, Asker>();
  #timer: NodeJS.Timeout | undefined;

  constructor(runtime: ViewersRuntime) {
    this.#runtime = runtime;
  }

  /** See `Runtime.admit`. */
  admit(
    exchange: DocumentExchange,
    protocol: string,
    stream = exchange.match[1] as string,
  ): Awaitable<ViewerSession | undefined> {
    const { headers } = exchange.request;
    const asker = this.#askers.get(headers);
    if (asker !== undefined && !asker.known.closed && isSame(asker, stream, exchange.query))
      return this.#note(asker.known);
    const access = accessOf(exchange, protocol, stream);
    const key = keyOf(access);
    const known = this.#known.get(key);
    if (known === undefined) return this.#letIn(exchange, access, key);
    if (exchange.response instanceof DirectResponse)
      this.#askers.set(headers, { stream, query: exchange.query, known });
    return this.#note(known);
  }

  #note(known: Known): ViewerSession {
    const nowMs = this.#runtime.clock.wallMs();
    known.seenMs = nowMs;
    if (nowMs - known.touchedMs >= TOUCH_MS) {
      known.touchedMs = nowMs;
      this.#runtime.touch(known.session.stream);
    }
    return known.session;
  }

  async #letIn(
    exchange: DocumentExchange,
    access: AccessRequest,
    key: string,
  ): Promise<ViewerSession | undefined> {
    const verdict = await this.#runtime.authorize(access);
    if (!verdict.ok) {
      refuse(exchange, verdict);
      return undefined;
    }
    const stream = verdict.stream ?? access.stream;
    // A session for every name that somebody makes up would fill memory.
    if (!this.#runtime.knows(stream)) throw refusal("not-found", `there is no stream "${stream}"`);
    // Another request of the same viewer may have been faster.
    const other = this.#known.get(key);
    if (other !== undefined) return this.#note(other);
    const session = this.#runtime.openSession({ ...access, stream });
    const known = { session, seenMs: 0, touchedMs: Number.NEGATIVE_INFINITY, closed: false };
    this.#known.set(key, known);
    this.#timer ??= setInterval(() => this.#sweep(), SWEEP_MS).unref();
    return this.#note(known);
  }

  #sweep(): void {
    const before = this.#runtime.clock.wallMs() - GONE_MS;
    for (const [key, known] of this.#known) {
      if (known.seenMs > before) continue;
      known.closed = true;
      known.session.close();
      this.#known.delete(key);
    }
    if (this.#known.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Whether a request with the same headers is of the same viewer: that hangs on these alone, see `keyOf`. */
function isSame(asker: Asker, stream: string, query: Readonly<Record<string, string>>): boolean {
  if (asker.stream !== stream) return false;
  const before = asker.query;
  return (
    before === query ||
    (before["token"] === query["token"] &&
      before["user"] === query["user"] &&
      before["password"] === query["password"])
  );
}

/** Whatever a verdict may hang on is part of it: nobody is let in by what somebody else showed. */
function keyOf({ stream, ip, token, user, password, userAgent }: AccessRequest): string {
  return JSON.stringify([stream, ip, token, user, password, userAgent]);
}
