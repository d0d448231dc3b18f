import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { WebSocketLink } from "./websocket-link.ts";

/** What routes that answer with documents may ask of a request, whichever way it came. */
export interface DocumentRequest {
  readonly method?: string | undefined;
  /** As it came. */
  readonly url?: string | undefined;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** Not to be read or written. */
  readonly socket: Socket;
}

/** A request for a document. `sendText`, `sendItem` and `ItemStream` answer it. */
export interface DocumentExchange {
  readonly request: DocumentRequest;
  /** Theirs alone. */
  readonly response: object;
  /** Decoded path, always starting with `/`, without `.` and `..` parts. */
  readonly path: string;
  /** Last value of each query parameter. */
  readonly query: Readonly<Record<string, string>>;
  /** Groups of the route's pattern: `match[1]` is the stream name by custom. */
  readonly match: RegExpExecArray;
  /** Remote address, without port. */
  readonly ip: string;
}

/** What a request asks for, and of whom it comes. */
export interface RequestFacts extends Omit<DocumentExchange, "response"> {
  readonly request: IncomingMessage;
}

/**
 * One HTTP request on its way to a protocol. Over HTTP/2 `request` and `response` are those of Node's compatibility
 * layer: the same methods, one stream of the connection as `socket`, which can be neither written nor read.
 */
export interface HttpExchange extends RequestFacts {
  readonly response: ServerResponse;
}

export interface AcceptOptions {
  /** The subprotocol that was chosen of those that the client offers (RFC 6455 §1.9); none when absent. */
  readonly protocol?: string;
}

/** A request for a WebSocket on its way to a protocol. */
export interface UpgradeExchange extends RequestFacts {
  /** Completes the opening handshake. Rejects when the request is not one, which is answered then, or the client has gone. */
  readonly accept: (options?: AcceptOptions) => Promise<WebSocketLink>;
  /** Answers with a status and text, and ends the connection. */
  readonly refuse: (status: number, text: string) => void;
}

interface RouteFacts {
  readonly methods: readonly string[];
  /** Tried on the decoded path, in the order in which protocols are listed. */
  readonly pattern: RegExp;
  /**
   * A WebSocket is asked for (RFC 6455 §4.2), by GET on the same pattern; `methods` need not name it. Answer with `accept`
   * or `refuse`; what it throws is answered as with `handle`.
   */
  upgrade?(exchange: UpgradeExchange): void | Promise<void>;
}

/** A route that does with request and response what it likes. */
export interface GeneralRoute extends RouteFacts {
  readonly documents?: false;
  /**
   * It writes to the connection itself. A request for it that comes over HTTP/2 is sent back with HTTP_1_1_REQUIRED
   * (RFC 9113 §7), so that the client asks again over HTTP/1.1.
   */
  readonly rawSocket?: boolean;
  /** May throw: the answer is then 500, or the status of a known code (`not-found` 404, `forbidden` 403…). */
  handle(exchange: HttpExchange): void | Promise<void>;
}

/** A route for GET and HEAD that answers with documents only: simple requests for it pass Node's HTTP server by. */
export interface DocumentRoute extends RouteFacts {
  readonly documents: true;
  readonly rawSocket?: false;
  /** As that of other routes. Others who ask for the same share `query` and `match`. */
  handle(exchange: DocumentExchange): void | Promise<void>;
}

export type HttpRoute = GeneralRoute | DocumentRoute;
