import type { ServerResponse } from "node:http";
import { constants, type Http2ServerResponse } from "node:http2";
import type { HttpExchange } from "./route.ts";

type Answering = Pick<HttpExchange, "request" | "response">;

/** A client that takes nothing for so long must not hold an answer's memory any longer. */
export const STALL_MS = 30_000;

/** Ends an answer in its middle, so that nobody takes what came for the whole. */
export function breakOff(response: ServerResponse): void {
  if (isHttp2(response)) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else response.destroy();
}

function isHttp2(response: ServerResponse | Http2ServerResponse): response is Http2ServerResponse {
  return "stream" in response;
}

/**
 * Calls back once, when the last byte of the answer went to the system or nobody is there any more. A response that
 * waits for another one on the same connection does not hear of the latter: hence the socket, too.
 */
export function onceOver({ request, response }: Answering, over: () => void): void {
  const { socket } = request;
  let isOver = false;
  const once = (): void => {
    if (isOver) return;
    isOver = true;
    socket.off("close", once);
    response.off("close", once);
    over();
  };
  response.once("close", once);
  socket.once("close", once);
}

/** Whether the client is known to be gone: then no event will tell. */
export function isGone({ request, response }: Answering): boolean {
  return request.socket.destroyed || response.closed === true || response.destroyed;
}
