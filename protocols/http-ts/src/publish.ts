import type { HttpExchange, Runtime } from "@millrace/engine";
import { reasonOf } from "@millrace/engine";
import { STATUS_OF_REFUSAL } from "./errors.ts";
import { accessOf } from "./play.ts";

/** A publisher that sends nothing for so long is cut off, so that another may take its place. */
const SILENCE_MS = 30_000;

/** Serves `POST` and `PUT /NAME/mpegts`: an endless body of transport-stream bytes. */
export async function publishTs(runtime: Runtime, exchange: HttpExchange): Promise<void> {
  const { request, response } = exchange;
  const access = accessOf(exchange, "publish");
  const refuse = (status: number, text: string): void => {
    // The body is not read: the connection cannot be used again.
    response.writeHead(status, { "Content-Type": "text/plain", Connection: "close" });
    response.end(`${text}\n`, () => request.destroy());
  };
  const verdict = await runtime.authorize(access);
  if (!verdict.ok) return refuse(STATUS_OF_REFUSAL[verdict.reason], verdict.text ?? verdict.reason);
  let publication: Awaited<ReturnType<Runtime["publish"]>>;
  try {
    publication = await runtime.publish(access);
  } catch (error) {
    return refuse(STATUS_OF_REFUSAL[reasonOf(error)], error instanceof Error ? error.message : "refused");
  }
  // It may have gone while it was let in: then no event will tell.
  if (request.destroyed) return publication.end();
  runtime.log.info("publisher connected", { stream: access.stream, ip: access.ip });
  request.socket.setTimeout(SILENCE_MS, () => request.destroy());
  request.on("data", (bytes: Uint8Array) => publication.writer.ts(bytes));
  request.on("end", () => {
    publication.end();
    response.writeHead(200, { "Content-Type": "text/plain" });
    response.end("published\n");
  });
  // A publisher that dies in mid-packet ends up here too; what it sent stays sent.
  request.on("close", () => {
    publication.end();
    runtime.log.info("publisher gone", { stream: access.stream, ip: access.ip });
  });
  request.on("error", () => publication.end());
  publication.signal.addEventListener("abort", () => {
    if (!response.headersSent && !request.complete) refuse(503, "the stream was stopped");
  });
}
