import type { ServerResponse } from "node:http";
import type { AnswerPort } from "./answer-port.ts";
import { DirectResponse } from "./direct/direct-response.ts";
import type { PreparedAnswer } from "./prepared-answer.ts";
import { breakOff, isGone, onceOver, STALL_MS } from "./response-end.ts";
import type { DocumentExchange, HttpExchange } from "./route.ts";

/** Where this request is answered. */
export function answerPortOf(exchange: Pick<DocumentExchange, "request" | "response">): AnswerPort {
  const { response } = exchange;
  return response instanceof DirectResponse ? response : new NodeAnswerPort(exchange as HttpExchange);
}

/** Answers by Node's HTTP/1.1 and HTTP/2 servers. */
class NodeAnswerPort implements AnswerPort {
  readonly #exchange: Pick<HttpExchange, "request" | "response">;

  constructor(exchange: Pick<HttpExchange, "request" | "response">) {
    this.#exchange = exchange;
  }

  get gone(): boolean {
    return isGone(this.#exchange);
  }

  get begun(): boolean {
    return this.#response.headersSent;
  }

  get #response(): ServerResponse {
    return this.#exchange.response;
  }

  whole(answer: PreparedAnswer, parts: readonly Uint8Array[] = [], over?: () => void): void {
    const response = this.#response;
    response.writeHead(answer.status, { ...answer.headers });
    if (over !== undefined) onceOver(this.#exchange, over);
    const isHead = this.#exchange.request.method === "HEAD";
    const body = answer.body === undefined ? parts : [answer.body];
    if (isHead || body.length === 0) {
      response.end();
      return;
    }
    response.setTimeout(STALL_MS, () => breakOff(response));
    if (body.length === 1) {
      response.end(body[0]);
      return;
    }
    for (const part of body) response.write(part);
    response.end();
  }

  begin(answer: PreparedAnswer, over: () => void): void {
    const response = this.#response;
    response.writeHead(answer.status, { ...answer.headers });
    onceOver(this.#exchange, over);
    response.setTimeout(STALL_MS, () => breakOff(response));
    response.flushHeaders();
  }

  part(parts: readonly Uint8Array[], written: () => void): number {
    const response = this.#response;
    const last = parts.length - 1;
    response.cork();
    for (let i = 0; i < last; i++) response.write(parts[i]);
    response.write(parts[last], written);
    response.uncork();
    return response.writableLength;
  }

  end(): void {
    this.#response.end();
  }

  breakOff(): void {
    breakOff(this.#response);
  }
}
