import type { HttpExchange, Runtime } from "@millrace/engine";
import { accessOf, messageOf, reasonOf, refuse } from "@millrace/engine";
import type { AccessRequest } from "@millrace/model";

/** A publisher that sends nothing for so long is cut off, so that another may take its place. */
const SILENCE_MS = 30_000;

/** Serves `POST` and `PUT /NAME/mpegts`: an endless body of transport-stream bytes. */
export async function publishTs(runtime: Runtime, exchange: HttpExchange): Promise<void> {
  const { request, response } = exchange;
  const asked: AccessRequest = { ...accessOf(exchange, "http-ts"), kind: "publish" };
  const verdict = await runtime.authorize(asked);
  if (!verdict.ok) return refuse(exchange, verdict);
  const access = { ...asked, stream: verdict.stream ?? asked.stream };
  let publication: Awaited<ReturnType<Runtime["publish"]>>;
  try {
    publication = await runtime.publish(access);
  } catch (error) {
    return refuse(exchange, { ok: false, reason: reasonOf(error), text: messageOf(error) });
  }
  // It may have gone while it was let in: then no event will tell.
  if (request.destroyed) return publication.end();
  runtime.log.info("publisher connected", { stream: access.stream, ip: access.ip });
  request.setTimeout(SILENCE_MS, () => request.destroy());
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
    if (!response.headersSent && !request.complete)
      refuse(exchange, { ok: false, reason: "unavailable", text: "the stream was stopped" });
  });
}
