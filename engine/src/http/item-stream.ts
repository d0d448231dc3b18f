import type { ViewerSession } from "../api.ts";
import type { ShelfItem } from "../stream/shelf.ts";
import { CORS } from "./access.ts";
import { HeldItem, type SpanMemory } from "./held-item.ts";
import { breakOff, isGone, onceOver, STALL_MS } from "./response-end.ts";
import type { HttpExchange } from "./route.ts";

/** With this much unsent the client is behind, in bytes. */
const HIGH_WATER_BYTES = 1024 * 1024;

export interface ItemStreamOptions {
  /** Media type. */
  readonly type: string;
  /** Value of `Cache-Control`. */
  readonly cache: string;
  /** Who asks: what is sent is added to its bytes. */
  readonly session?: ViewerSession;
}

/**
 * A document that is sent while it is made: each item goes out as it comes, in a chunk of its own (HTTP/1.1, RFC 9112
 * §7.1) or in DATA frames (HTTP/2). Memory is held until it went out; a client that takes nothing for 30 s is cut off.
 */
export class ItemStream {
  readonly #runtime: SpanMemory;
  readonly #exchange: HttpExchange;
  readonly #session: ViewerSession | undefined;
  /** Those on their way to the system, in order. */
  readonly #held: HeldItem[] = [];
  #closed = false;
  readonly #onWritten = (): void => {
    this.#held.shift()?.release();
  };

  /** Sends the headers. A HEAD request ends with them. */
  constructor(runtime: SpanMemory, exchange: HttpExchange, options: ItemStreamOptions) {
    const { request, response } = exchange;
    this.#runtime = runtime;
    this.#exchange = exchange;
    this.#session = options.session;
    if (isGone(exchange)) {
      this.#closed = true;
      return;
    }
    response.writeHead(200, { ...CORS, "Content-Type": options.type, "Cache-Control": options.cache });
    if (request.method === "HEAD") {
      this.#closed = true;
      response.end();
      return;
    }
    onceOver(exchange, () => this.#over());
    response.setTimeout(STALL_MS, () => breakOff(response));
    response.flushHeaders();
  }

  /** It was ended, or the client has gone. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Takes the item in any case; false when the client is behind or has gone. An item that is gone breaks the answer off. */
  write(item: ShelfItem): boolean {
    if (this.#closed) return false;
    const { response } = this.#exchange;
    const held = HeldItem.of(this.#runtime, item);
    if (held === undefined) {
      this.abort();
      return false;
    }
    const { parts } = held;
    if (parts.length === 0) return true;
    this.#held.push(held);
    response.cork();
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i] as Uint8Array;
      if (this.#session !== undefined) this.#session.bytes += part.length;
      if (i < parts.length - 1) response.write(part);
      else response.write(part, this.#onWritten);
    }
    response.uncork();
    return response.writableLength < HIGH_WATER_BYTES;
  }

  /** The document is complete. */
  end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#exchange.response.end();
  }

  /** The document cannot be completed: the client hears that what came is not all. */
  abort(): void {
    if (this.#closed) return;
    this.#closed = true;
    breakOff(this.#exchange.response);
  }

  #over(): void {
    this.#closed = true;
    for (const held of this.#held.splice(0)) held.release();
  }
}
