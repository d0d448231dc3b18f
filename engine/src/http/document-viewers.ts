import type { AccessRequest } from "@millrace/model";
import type { Runtime, ViewerSession } from "../api.ts";
import { refusal } from "../errors.ts";
import { accessOf, refuse } from "./access.ts";
import type { HttpExchange } from "./route.ts";

/** Documents are asked for one by one: a viewer that asked for nothing in this time has gone. */
const GONE_MS = 30_000;
const SWEEP_MS = 5000;

interface Known {
  readonly session: ViewerSession;
  seenMs: number;
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
  #timer: NodeJS.Timeout | undefined;

  constructor(runtime: ViewersRuntime) {
    this.#runtime = runtime;
  }

  /** See `Runtime.admit`. */
  async admit(exchange: HttpExchange, protocol: string, stream?: string): Promise<ViewerSession | undefined> {
    const access = accessOf(exchange, protocol, stream);
    const key = keyOf(access);
    const known = this.#known.get(key) ?? (await this.#letIn(exchange, access, key));
    if (known === undefined) return undefined;
    known.seenMs = this.#runtime.clock.wallMs();
    this.#runtime.touch(known.session.stream);
    return known.session;
  }

  async #letIn(exchange: HttpExchange, access: AccessRequest, key: string): Promise<Known | undefined> {
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
    if (other !== undefined) return other;
    const session = this.#runtime.openSession({ ...access, stream });
    const known = { session, seenMs: 0 };
    this.#known.set(key, known);
    this.#timer ??= setInterval(() => this.#sweep(), SWEEP_MS).unref();
    return known;
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

/** Whatever a verdict may hang on is part of it: nobody is let in by what somebody else showed. */
function keyOf({ stream, ip, token, user, password, userAgent }: AccessRequest): string {
  return JSON.stringify([stream, ip, token, user, password, userAgent]);
}
