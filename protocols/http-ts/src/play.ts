import type { Gathering, HttpExchange, LaneReader, Runtime } from "@millrace/engine";
import { accessOf, Fanout, messageOf, pause, reasonOf, refuse } from "@millrace/engine";
import { Viewer } from "./viewer.ts";

/** A viewer whose stream vanished (its worker died, it was reconfigured) waits this long for it to come back. */
const REJOIN_MS = 5000;
const REJOIN_PAUSE_MS = 100;

/** Writes to so many cost little, however often they come. */
const FEW_VIEWERS = 4;

/**
 * What comes in one turn of the event loop is one write for few viewers: a relay behind one adds no delay. With more of them
 * writes are few and large: receivers of transport streams buffer for longer than that.
 */
export const GATHERING: Gathering = {
  waitMs: (viewers) => (viewers <= FEW_VIEWERS ? 1 : 40),
  mostBytes: 64 * 1024,
  eagerBytes: Number.POSITIVE_INFINITY,
};

/** Serves `GET /NAME/mpegts` in one worker. */
export class HttpTsPlay {
  readonly #runtime: Runtime;
  readonly #fanouts = new Map<unknown, Fanout>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  async handle(exchange: HttpExchange): Promise<void> {
    const { request, response } = exchange;
    const asked = accessOf(exchange, "http-ts");
    const verdict = await this.#runtime.authorize(asked);
    if (!verdict.ok) return refuse(exchange, verdict);
    const access = { ...asked, stream: verdict.stream ?? asked.stream };
    const reader = await this.#runtime.read(access.stream, "ts");
    // Endless body, ended by closing (RFC 9112 §6.3): the bytes need no framing of their own.
    response.useChunkedEncodingByDefault = false;
    response.shouldKeepAlive = false;
    response.writeHead(200, {
      "Content-Type": "video/mp2t",
      "Cache-Control": "no-store",
      "Access-Control-Allow-Origin": "*",
      Connection: "close",
    });
    if (request.method === "HEAD") {
      reader.close();
      response.end();
      return;
    }
    response.flushHeaders();
    const { socket } = request;
    if (socket.destroyed) return reader.close();
    const session = this.#runtime.openSession(access);
    const viewer = new Viewer({
      socket,
      session,
      onLaneEnd: (ended) => void this.#rejoin(ended, access.stream),
      onStalled: () =>
        this.#runtime.log.info("viewer dropped: it reads nothing", { stream: access.stream, ip: access.ip }),
    });
    this.#join(viewer, reader);
  }

  #join(viewer: Viewer, reader: LaneReader): void {
    const { view } = reader;
    let fanout = this.#fanouts.get(view);
    if (fanout === undefined) {
      const onEmpty = () => this.#fanouts.delete(view);
      fanout = new Fanout(view.read("live"), { gathering: GATHERING, onEmpty });
      this.#fanouts.set(view, fanout);
    }
    viewer.join(fanout, reader);
  }

  async #rejoin(viewer: Viewer, stream: string): Promise<void> {
    const deadline = Date.now() + REJOIN_MS;
    const never = new AbortController().signal;
    while (!viewer.closed && Date.now() < deadline) {
      try {
        const reader = await this.#runtime.read(stream, "ts");
        if (viewer.closed) reader.close();
        else if (reader.ended || reader.view.ring.ended) {
          // Still the lane that just ended: what it holds was sent already.
          reader.close();
          await pause(REJOIN_PAUSE_MS, never);
          continue;
        } else this.#join(viewer, reader);
        return;
      } catch (error) {
        if (reasonOf(error) !== "unavailable") break;
        this.#runtime.log.debug("viewer waits for its stream", { stream, reason: messageOf(error) });
        await pause(REJOIN_PAUSE_MS, never);
      }
    }
    viewer.end();
  }
}
