import type { ServerResponse } from "node:http";
import { CORS } from "./access.ts";
import { answerPortOf } from "./answering.ts";
import { PreparedAnswer } from "./prepared-answer.ts";
import type { DocumentExchange } from "./route.ts";

/** A status with a line of text. */
export function answer(
  exchange: Pick<DocumentExchange, "request" | "response">,
  status: number,
  text: string,
): void {
  const body = Buffer.from(`${text}\n`);
  const headers = {
    ...CORS,
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Length": body.length,
    ...(status === 503 ? { "Retry-After": "1" } : {}),
  };
  answerPortOf(exchange).whole(new PreparedAnswer(status, headers, body));
}

/** CORS pre-flight (Fetch standard §3.2.2): media is readable from any page. */
export function preflight(response: ServerResponse, methods: ReadonlySet<string>): void {
  response.writeHead(204, {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": [...methods].join(", "),
    "Access-Control-Allow-Headers": "Range, If-None-Match, If-Range, Content-Type, Authorization",
    "Access-Control-Max-Age": "86400",
  });
  response.end();
}
