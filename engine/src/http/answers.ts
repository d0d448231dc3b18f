import type { ServerResponse } from "node:http";
import { CORS } from "./access.ts";

/** A status with a line of text. */
export function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    ...CORS,
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "no-store",
    ...(status === 503 ? { "Retry-After": "1" } : {}),
  });
  response.end(`${text}\n`);
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
