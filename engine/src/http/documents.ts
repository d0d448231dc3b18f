import type { Awaitable, ViewerSession } from "../api.ts";
import { refusal } from "../errors.ts";
import type { ShelfItem } from "../stream/shelf.ts";
import { CORS } from "./access.ts";
import { answerPortOf } from "./answering.ts";
import {
  allowsRange,
  type ByteRange,
  type ContentCoding,
  chooseCoding,
  matchesEtag,
  readRange,
} from "./conditions.ts";
import { etagOf, HeldItem, lengthOf, type SpanMemory } from "./held-item.ts";
import { type AnswerHeaders, PreparedAnswer } from "./prepared-answer.ts";
import type { DocumentExchange } from "./route.ts";
import { type TextVersion, TextVersions } from "./text-versions.ts";

/** Shorter texts gain nothing by being compressed. */
const COMPRESS_BYTES = 1024;

const versions = new TextVersions();

export interface TextDocument {
  /** Media type. */
  readonly type: string;
  readonly text: string;
  /** Value of `Cache-Control`. */
  readonly cache: string;
  /** 200 when absent. */
  readonly status?: number;
  /** Who asks: what is sent is added to its bytes. */
  readonly session?: ViewerSession;
}

/**
 * Answers with a text: entity tag, 304, compression of what is long, HEAD, readable from any page. Gives the bytes of
 * the body.
 */
export function sendText(exchange: DocumentExchange, document: TextDocument): Awaitable<number> {
  const { text, status = 200, session } = document;
  const version = versions.of(text);
  const isLong = text.length > COMPRESS_BYTES;
  const coding = isLong ? chooseCoding(header(exchange, "accept-encoding")) : undefined;
  const condition = exchange.request.headers["if-none-match"];
  if (condition !== undefined && status === 200 && matchesEtag(condition, version.etag(coding))) {
    answerPortOf(exchange).whole(new PreparedAnswer(304, textHeaders(version, document, coding)));
    return 0;
  }
  const facts = { coding, status, type: document.type, cache: document.cache };
  const known = version.answer(facts);
  if (known !== undefined) return sendPrepared(exchange, known, session);
  const make = (body: Uint8Array): PreparedAnswer => {
    const headers = {
      ...textHeaders(version, document, coding),
      "Content-Type": document.type,
      "Content-Length": body.length,
      ...(coding === undefined ? {} : { "Content-Encoding": coding }),
    };
    const made = new PreparedAnswer(status, headers, body);
    version.keep(facts, made);
    return made;
  };
  const body = version.body(coding);
  if (!(body instanceof Promise)) return sendPrepared(exchange, make(body), session);
  return body.then((coded) => sendPrepared(exchange, make(coded), session));
}

function sendPrepared(
  exchange: DocumentExchange,
  answer: PreparedAnswer,
  session: ViewerSession | undefined,
): number {
  const port = answerPortOf(exchange);
  if (port.gone) return 0;
  port.whole(answer);
  if (exchange.request.method === "HEAD") return 0;
  const { length } = answer.body as Uint8Array;
  if (session !== undefined) session.bytes += length;
  return length;
}

function textHeaders(
  version: TextVersion,
  { text, cache }: TextDocument,
  coding: ContentCoding | undefined,
): AnswerHeaders {
  const headers = { ...CORS, "Cache-Control": cache, ETag: version.etag(coding) };
  return text.length > COMPRESS_BYTES ? { ...headers, Vary: "Accept-Encoding" } : headers;
}

export interface ItemOptions {
  /** Value of `Cache-Control`. */
  readonly cache: string;
  /** Who asks: what is sent is added to its bytes. */
  readonly session?: ViewerSession;
}

/** What is sent of a document that lies on a shelf, made once for all who ask for it. */
interface ItemAnswer {
  readonly path: string;
  readonly cache: string;
  readonly etag: string;
  readonly total: number;
  readonly whole: PreparedAnswer;
}

const itemAnswers = new WeakMap<ShelfItem, ItemAnswer>();

function itemAnswerOf(item: ShelfItem, path: string, cache: string): ItemAnswer {
  const known = itemAnswers.get(item);
  if (known !== undefined && known.path === path && known.cache === cache) return known;
  const etag = etagOf(item, path);
  const total = lengthOf(item);
  const whole = new PreparedAnswer(200, {
    ...CORS,
    "Cache-Control": cache,
    ETag: etag,
    "Content-Type": item.type,
    "Content-Length": total,
    "Accept-Ranges": "bytes",
  });
  const made = { path, cache, etag, total, whole };
  itemAnswers.set(item, made);
  return made;
}

/**
 * Answers with a document of a shelf: HEAD, entity tag and 304, single ranges (RFC 9110 §14), readable from any page. Its
 * memory is held until the last byte went to the system; a client that takes nothing for 30 s is cut off. Gives the
 * bytes of the body, then. Throws `not-found` when the memory is gone already.
 */
export function sendItem(
  runtime: SpanMemory,
  exchange: DocumentExchange,
  item: ShelfItem,
  options: ItemOptions,
): Awaitable<number> {
  const { session, cache } = options;
  if (item.text !== undefined) return sendText(exchange, { ...options, type: item.type, text: item.text });
  const { request, path } = exchange;
  const { etag, total, whole } = itemAnswerOf(item, path, cache);
  const port = answerPortOf(exchange);
  if (matchesEtag(request.headers["if-none-match"], etag)) {
    port.whole(new PreparedAnswer(304, { ...CORS, "Cache-Control": cache, ETag: etag }));
    return 0;
  }
  const range = rangeOf(exchange, etag, total);
  if (range === "unsatisfiable") {
    const headers = { ...CORS, "Content-Range": `bytes */${total}`, "Content-Length": 0 };
    port.whole(new PreparedAnswer(416, headers));
    return 0;
  }
  const held = HeldItem.of(runtime, item, range);
  if (held === undefined) throw refusal("not-found", `${path} is no longer there`);
  const answer = range === undefined ? whole : partial(whole, range, total);
  if (request.method === "HEAD" || port.gone) {
    held.release();
    port.whole(answer);
    return 0;
  }
  const length = range === undefined ? total : range.to - range.from;
  if (session !== undefined) session.bytes += length;
  let isOver = false;
  let resolve: ((length: number) => void) | undefined;
  port.whole(answer, held.parts, () => {
    held.release();
    isOver = true;
    resolve?.(length);
  });
  // Most are out by now; of the others the last byte is not, and the client has not gone.
  return isOver
    ? length
    : new Promise((done) => {
        resolve = done;
      });
}

function partial({ headers }: PreparedAnswer, { from, to }: ByteRange, total: number): PreparedAnswer {
  const own = { "Content-Length": to - from, "Content-Range": `bytes ${from}-${to - 1}/${total}` };
  return new PreparedAnswer(206, { ...headers, ...own });
}

function rangeOf(
  exchange: DocumentExchange,
  etag: string,
  total: number,
): ByteRange | "unsatisfiable" | undefined {
  const { request } = exchange;
  // Ranges are defined for GET alone (RFC 9110 §14.2).
  if (request.method !== "GET" || !allowsRange(header(exchange, "if-range"), etag)) return undefined;
  return readRange(request.headers.range, total);
}

function header({ request }: DocumentExchange, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}
