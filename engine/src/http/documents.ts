import type { OutgoingHttpHeaders } from "node:http";
import type { ViewerSession } from "../api.ts";
import { refusal } from "../errors.ts";
import type { ShelfItem } from "../stream/shelf.ts";
import { CORS } from "./access.ts";
import { allowsRange, type ByteRange, chooseCoding, matchesEtag, readRange } from "./conditions.ts";
import { etagOf, HeldItem, lengthOf, type SpanMemory } from "./held-item.ts";
import { breakOff, isGone, onceOver, STALL_MS } from "./response-end.ts";
import type { HttpExchange } from "./route.ts";
import { TextVersions } from "./text-versions.ts";

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
 * Answers with a text: entity tag, 304, compression of what is long, HEAD, readable from any page. Resolves to the bytes
 * of the body.
 */
export async function sendText(exchange: HttpExchange, document: TextDocument): Promise<number> {
  const { request, response } = exchange;
  const { type, text, cache, status = 200, session } = document;
  const version = versions.of(text);
  const isLong = text.length > COMPRESS_BYTES;
  const coding = isLong ? chooseCoding(header(exchange, "accept-encoding")) : undefined;
  const etag = version.etag(coding);
  const headers: OutgoingHttpHeaders = { ...CORS, "Cache-Control": cache, ETag: etag };
  if (isLong) headers["Vary"] = "Accept-Encoding";
  if (status === 200 && matchesEtag(request.headers["if-none-match"], etag)) {
    response.writeHead(304, headers);
    response.end();
    return 0;
  }
  const body = await version.body(coding);
  if (isGone(exchange)) return 0;
  headers["Content-Type"] = type;
  headers["Content-Length"] = body.length;
  if (coding !== undefined) headers["Content-Encoding"] = coding;
  response.writeHead(status, headers);
  if (request.method === "HEAD") {
    response.end();
    return 0;
  }
  response.setTimeout(STALL_MS, () => breakOff(response));
  response.end(body);
  if (session !== undefined) session.bytes += body.length;
  return body.length;
}

export interface ItemOptions {
  /** Value of `Cache-Control`. */
  readonly cache: string;
  /** Who asks: what is sent is added to its bytes. */
  readonly session?: ViewerSession;
}

/**
 * Answers with a document of a shelf: HEAD, entity tag and 304, single ranges (RFC 9110 §14), readable from any page. Its
 * memory is held until the last byte went to the system; a client that takes nothing for 30 s is cut off. Resolves to the
 * bytes of the body. Throws `not-found` when the memory is gone already.
 */
export async function sendItem(
  runtime: SpanMemory,
  exchange: HttpExchange,
  item: ShelfItem,
  options: ItemOptions,
): Promise<number> {
  if (item.text !== undefined) return sendText(exchange, { ...options, type: item.type, text: item.text });
  const { request, response, path } = exchange;
  const etag = etagOf(item, path);
  const headers: OutgoingHttpHeaders = { ...CORS, "Cache-Control": options.cache, ETag: etag };
  if (matchesEtag(request.headers["if-none-match"], etag)) {
    response.writeHead(304, headers);
    response.end();
    return 0;
  }
  const total = lengthOf(item);
  const range = rangeOf(exchange, etag, total);
  if (range === "unsatisfiable") {
    response.writeHead(416, { ...CORS, "Content-Range": `bytes */${total}`, "Content-Length": 0 });
    response.end();
    return 0;
  }
  const held = HeldItem.of(runtime, item, range);
  if (held === undefined) throw refusal("not-found", `${path} is no longer there`);
  const length = range === undefined ? total : range.to - range.from;
  headers["Content-Type"] = item.type;
  headers["Content-Length"] = length;
  headers["Accept-Ranges"] = "bytes";
  if (range !== undefined) headers["Content-Range"] = `bytes ${range.from}-${range.to - 1}/${total}`;
  response.writeHead(range === undefined ? 200 : 206, headers);
  if (request.method === "HEAD" || isGone(exchange)) {
    held.release();
    response.end();
    return 0;
  }
  if (options.session !== undefined) options.session.bytes += length;
  await sendHeld(exchange, held);
  return length;
}

function rangeOf(
  exchange: HttpExchange,
  etag: string,
  total: number,
): ByteRange | "unsatisfiable" | undefined {
  const { request } = exchange;
  // Ranges are defined for GET alone (RFC 9110 §14.2).
  if (request.method !== "GET" || !allowsRange(header(exchange, "if-range"), etag)) return undefined;
  return readRange(request.headers.range, total);
}

function header({ request }: HttpExchange, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

/** Writes all parts, and lets go of them when they are out or the client has gone. */
function sendHeld(exchange: HttpExchange, held: HeldItem): Promise<void> {
  const { response } = exchange;
  return new Promise((resolve) => {
    onceOver(exchange, () => {
      held.release();
      resolve();
    });
    response.setTimeout(STALL_MS, () => breakOff(response));
    for (const part of held.parts) response.write(part);
    response.end();
  });
}
