import type { IncomingMessage, ServerResponse } from "node:http";

/** One HTTP request on its way to a protocol. */
export interface HttpExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Decoded path, always starting with `/`, without `.` and `..` parts. */
  readonly path: string;
  /** Last value of each query parameter. */
  readonly query: Readonly<Record<string, string>>;
  /** Groups of the route's pattern: `match[1]` is the stream name by custom. */
  readonly match: RegExpExecArray;
  readonly ip: string;
}

export interface HttpRoute {
  readonly methods: readonly string[];
  /** Tried on the decoded path, in the order in which protocols are listed. */
  readonly pattern: RegExp;
  /** May throw: the answer is then 500, or the status of a known code (`not-found` 404, `forbidden` 403…). */
  handle(exchange: HttpExchange): void | Promise<void>;
}
