import type { ViewerSession } from "../api.ts";
import type { ShelfItem } from "../stream/shelf.ts";
import { CORS } from "./access.ts";
import type { AnswerPort } from "./answer-port.ts";
import { answerPortOf } from "./answering.ts";
import { HeldItem, type SpanMemory } from "./held-item.ts";
import { PreparedAnswer } from "./prepared-answer.ts";
import type { DocumentExchange } from "./route.ts";

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
  readonly #port: AnswerPort;
  readonly #session: ViewerSession | undefined;
  /** Those on their way to the system, in order. */
  readonly #held: HeldItem[] = [];
  #closed = false;
  readonly #onWritten = (): void => {
    this.#held.shift()?.release();
  };

  /** Sends the headers. A HEAD request ends with them. */
  constructor(runtime: SpanMemory, exchange: DocumentExchange, options: ItemStreamOptions) {
    this.#runtime = runtime;
    this.#port = answerPortOf(exchange);
    this.#session = options.session;
    if (this.#port.gone) {
      this.#closed = true;
      return;
    }
    const headers = { ...CORS, "Content-Type": options.type, "Cache-Control": options.cache };
    const answer = new PreparedAnswer(200, headers);
    if (exchange.request.method === "HEAD") {
      this.#closed = true;
      this.#port.whole(answer);
    } else this.#port.begin(answer, () => this.#over());
  }

  /** It was ended, or the client has gone. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Takes the item in any case; false when the client is behind or has gone. An item that is gone breaks the answer off. */
  write(item: ShelfItem): boolean {
    if (this.#closed) return false;
    const held = HeldItem.of(this.#runtime, item);
    if (held === undefined) {
      this.abort();
      return false;
    }
    const { parts } = held;
    if (parts.length === 0) return true;
    this.#held.push(held);
    if (this.#session !== undefined) for (const part of parts) this.#session.bytes += part.length;
    return this.#port.part(parts, this.#onWritten) < HIGH_WATER_BYTES;
  }

  /** The document is complete. */
  end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#port.end();
  }

  /** The document cannot be completed: the client hears that what came is not all. */
  abort(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#port.breakOff();
  }

  #over(): void {
    this.#closed = true;
    for (const held of this.#held.splice(0)) held.release();
  }
}
