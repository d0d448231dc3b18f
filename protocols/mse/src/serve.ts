import {
  accessOf,
  CORS,
  type HttpExchange,
  type Runtime,
  STATUS_OF_REFUSAL,
  type UpgradeExchange,
} from "@millrace/engine";
import { MSE_LANE } from "./packaging.ts";
import { MseViewer } from "./viewer.ts";

/** Serves `ws://…/NAME/mse_ld`. */
export async function playMse(runtime: Runtime, exchange: UpgradeExchange): Promise<void> {
  const access = accessOf(exchange, "mse_ld");
  const verdict = await runtime.authorize(access);
  if (!verdict.ok) {
    exchange.refuse(STATUS_OF_REFUSAL[verdict.reason], verdict.text ?? verdict.reason);
    return;
  }
  const stream = verdict.stream ?? access.stream;
  const reader = await runtime.read(stream, MSE_LANE);
  const link = await exchange.accept().catch((error: unknown) => {
    reader.close();
    throw error;
  });
  const session = runtime.openSession({ ...access, stream });
  new MseViewer({ link, reader, session, tracks: exchange.query["tracks"] ?? "" }).start();
}

/** A request without a WebSocket (RFC 9110 §15.5.22). */
export function wantWebSocket({ request, response }: HttpExchange): void {
  response.writeHead(426, { ...CORS, "Content-Type": "text/plain; charset=utf-8", Upgrade: "websocket" });
  response.end(request.method === "HEAD" ? undefined : "this is for WebSockets: see the guide to mse_ld\n");
}
