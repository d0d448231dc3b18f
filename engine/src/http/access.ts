import type { AccessRequest, RefusalReason } from "@millrace/model";
import type { Verdict } from "../api.ts";
import { answerPortOf } from "./answering.ts";
import { PreparedAnswer } from "./prepared-answer.ts";
import type { DocumentExchange, HttpExchange } from "./route.ts";

/** HTTP status of each refusal (RFC 9110 §15). */
export const STATUS_OF_REFUSAL: Readonly<Record<RefusalReason, number>> = {
  "bad-request": 400,
  "not-found": 404,
  unauthorized: 401,
  forbidden: 403,
  busy: 409,
  unavailable: 503,
};

/** What any page may read of an answer (Fetch standard §3.2). */
export const CORS: Readonly<Record<string, string>> = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": "Content-Length, Content-Range, Date, ETag",
};

/**
 * The questions of the access check, out of an HTTP request to play; publishers change `kind`. `stream` is the first
 * group of the route when absent. The token is that of `?token=`, or of `Authorization: Bearer`; user and password are
 * those of `Authorization: Basic`, or of the query.
 */
export function accessOf(
  exchange: Omit<DocumentExchange, "response">,
  protocol: string,
  stream?: string,
): AccessRequest {
  const { request, query, match, ip } = exchange;
  const { authorization, referer } = request.headers;
  const token = query["token"] ?? /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
  const userAgent = request.headers["user-agent"];
  return {
    kind: "play",
    stream: stream ?? (match[1] as string),
    protocol,
    ip,
    query,
    ...(token === undefined ? {} : { token }),
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(referer === undefined ? {} : { referer }),
    ...(basicCredentials(authorization) ?? queryCredentials(query)),
  };
}

interface Credentials {
  readonly user?: string;
  readonly password?: string;
}

/** User and password of an `Authorization: Basic` header (RFC 7617 §2). */
function basicCredentials(header: string | undefined): Credentials | undefined {
  const match = /^Basic\s+([A-Za-z0-9+/=]+)\s*$/i.exec(header ?? "");
  if (match === null) return undefined;
  const text = Buffer.from(match[1] as string, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? { user: text } : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

function queryCredentials({ user, password }: Readonly<Record<string, string>>): Credentials {
  return { ...(user === undefined ? {} : { user }), ...(password === undefined ? {} : { password }) };
}

/** Answers with the status of a refusal. A body that nobody reads ends the connection. */
export function refuse(
  exchange: DocumentExchange | HttpExchange,
  verdict: Extract<Verdict, { ok: false }>,
): void {
  const { request } = exchange;
  const text = Buffer.from(`${verdict.text ?? verdict.reason}\n`);
  const status = STATUS_OF_REFUSAL[verdict.reason];
  const headers = {
    ...CORS,
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Length": text.length,
    ...(verdict.reason === "unauthorized" ? { "WWW-Authenticate": "Bearer" } : {}),
    ...(verdict.reason === "unavailable" ? { "Retry-After": "1" } : {}),
  };
  if (request.method === "GET" || request.method === "HEAD") {
    answerPortOf(exchange).whole(new PreparedAnswer(status, headers, text));
    return;
  }
  const { response, request: incoming } = exchange as HttpExchange;
  response.writeHead(status, {
    ...headers,
    ...(incoming.httpVersionMajor < 2 ? { Connection: "close" } : {}),
  });
  response.end(text, () => incoming.destroy());
}
