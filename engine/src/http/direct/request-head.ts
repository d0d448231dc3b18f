import type { IncomingHttpHeaders } from "node:http";

/** A request's line and headers may have so many bytes together; Node's own limit. */
export const MOST_HEAD_BYTES = 16 * 1024;
/** With more headers than that a request is an unusual one. */
const MOST_HEADERS = 64;

/** The header fields of a request. Requests of one connection share it as long as these do not change. */
export interface HeaderFields {
  /** As they came, each with its line end. */
  readonly text: string;
  /** Without duplicates; names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** The client wants the connection closed behind the answer (RFC 9112 §9.6). */
  readonly close: boolean;
}

/** One request of the simple kind: GET or HEAD, HTTP/1.1, no body. */
export interface RequestHead {
  readonly method: "GET" | "HEAD";
  /** As it came: origin-form (RFC 9112 §3.2.1). */
  readonly target: string;
  readonly fields: HeaderFields;
  /** Where the next one begins. */
  readonly end: number;
}

/** `more`: it is not complete, but may become one. `other`: it is something else, which is for Node to read. */
export type HeadVerdict = RequestHead | "more" | "other";

const METHODS = ["GET ", "HEAD "] as const;
const VERSION = " HTTP/1.1";
/** Visible characters but for the number sign, which has no place in a target (RFC 9112 §3.2). */
const TARGET = /^\/[!"$-~]*$/;
/** Name of a field: a token (RFC 9110 §5.6.2). Its value: no control characters but the tab (§5.5). */
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/;
const TRAILING_SPACE = /[\t ]+$/;

/** Fields by which a request is more than its head, or the connection something else than before; and an odd name. */
const SPECIAL: ReadonlySet<string> = new Set([
  "content-length",
  "transfer-encoding",
  "expect",
  "upgrade",
  "trailer",
  "http2-settings",
  "proxy-connection",
  "__proto__",
]);

/**
 * Reads the request that begins at `from`, out of bytes as latin-1 text. Strict (RFC 9112 §2.2, §3, §5): whatever could be
 * read in more than one way is `other`. `known` are the fields of the connection's last request.
 */
export function readRequestHead(text: string, from: number, known: HeaderFields | undefined): HeadVerdict {
  const method = methodAt(text, from);
  if (method === "more" || method === "other") return method;
  const end = text.indexOf("\r\n\r\n", from);
  if (end < 0) return text.length - from >= MOST_HEAD_BYTES ? "other" : "more";
  if (end + 4 - from > MOST_HEAD_BYTES) return "other";
  const lineEnd = text.indexOf("\r\n", from);
  const targetEnd = lineEnd - VERSION.length;
  if (!text.startsWith(VERSION, targetEnd)) return "other";
  const target = text.slice(from + method.length, targetEnd);
  if (!TARGET.test(target)) return "other";
  const block = text.slice(lineEnd + 2, end + 2);
  const fields = known?.text === block ? known : readFields(block);
  if (fields === undefined) return "other";
  return { method: method === "GET " ? "GET" : "HEAD", target, fields, end: end + 4 };
}

function methodAt(text: string, from: number): (typeof METHODS)[number] | "more" | "other" {
  for (const method of METHODS) {
    if (text.startsWith(method, from)) return method;
    if (text.length - from < method.length && method.startsWith(text.slice(from))) return "more";
  }
  return "other";
}

/** Undefined for what is not of the simple kind. */
function readFields(text: string): HeaderFields | undefined {
  const headers: Record<string, string> = Object.create(null);
  const lines = text.split("\r\n");
  // Each line has its end: the last one is empty.
  const count = lines.length - 1;
  if (count > MOST_HEADERS) return undefined;
  for (let i = 0; i < count; i++) {
    const match = FIELD.exec(lines[i] as string);
    if (match === null) return undefined;
    const name = (match[1] as string).toLowerCase();
    if (SPECIAL.has(name) || name in headers) return undefined;
    headers[name] = (match[2] as string).replace(TRAILING_SPACE, "");
  }
  // A request without Host, or with two, is a bad one (RFC 9112 §3.2).
  if (headers["host"] === undefined) return undefined;
  const connection = headers["connection"]?.toLowerCase();
  if (connection !== undefined && connection !== "keep-alive" && connection !== "close") return undefined;
  return { text, headers, close: connection === "close" };
}
