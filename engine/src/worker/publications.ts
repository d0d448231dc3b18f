import type { Clock } from "@millrace/model";
import type { Publication, ViewerSession } from "../api.ts";
import { LaneWriter } from "../lane/writer.ts";
import type { SlabPool } from "../memory/pool.ts";
import type { ExportedLane, LaneExchange } from "./lane-exchange.ts";
import type { DirectSource } from "./pipe.ts";
import type { Ticker } from "./ticker.ts";

/** How far back the pipe from a publisher's worker to the owner's reaches. */
const WINDOW_MS = 500;
const MAX_BYTES = 16 * 1024 * 1024;

export interface PublicationsOptions {
  readonly pool: SlabPool;
  readonly clock: Clock;
  readonly exchange: LaneExchange;
  readonly ticker: Ticker;
  readonly nextId: () => string;
}

/** A pipe that was opened, and its publisher's handle. */
export interface OpenPipe {
  readonly lane: ExportedLane;
  readonly publication: Publication;
}

/**
 * The publishers whose connections this worker serves for streams of other workers. Each writes into a lane of its own,
 * which the stream's owner reads.
 */
export class Publications {
  readonly #options: PublicationsOptions;
  readonly #open = new Map<string, () => void>();

  constructor(options: PublicationsOptions) {
    this.#options = options;
  }

  open(stream: string, session: ViewerSession): OpenPipe {
    const { pool, clock, exchange, ticker, nextId } = this.#options;
    const id = `publish:${stream}#${nextId()}`;
    const writer = new LaneWriter({ id, kind: "ts", pool, clock, windowMs: WINDOW_MS, maxBytes: MAX_BYTES });
    const lane = exchange.export(writer);
    const abort = new AbortController();
    const end = (): void => {
      if (!this.#open.delete(id)) return;
      session.close();
      exchange.retire(lane);
    };
    this.#open.set(id, () => {
      abort.abort();
      end();
    });
    const ts = (bytes: Uint8Array): void => {
      if (!this.#open.has(id)) return;
      session.bytes += bytes.length;
      append(writer, bytes);
      ticker.commitLater(writer);
    };
    return { lane, publication: describedBy(session, { writer: { ts }, signal: abort.signal, end }) };
  }

  /** The stream no longer wants what comes through this pipe. */
  cancel(id: string): void {
    this.#open.get(id)?.();
  }
}

/** The handle of a publisher whose stream lives in this very worker. */
export function directPublication(source: DirectSource, session: ViewerSession): Publication {
  const abort = new AbortController();
  let ended = false;
  source.onEnd = () => {
    session.close();
    if (!ended) abort.abort();
    ended = true;
  };
  const ts = (bytes: Uint8Array): void => {
    session.bytes += bytes.length;
    source.write(bytes);
  };
  const end = (): void => {
    ended = true;
    source.end();
    session.close();
  };
  return describedBy(session, { writer: { ts }, signal: abort.signal, end });
}

/** The session shows what the protocol will have the publication say. */
function describedBy(session: ViewerSession, publication: Publication): Publication {
  session.describe = () => publication.describe?.();
  return publication;
}

function append(writer: LaneWriter, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    const size = Math.min(writer.room(1), bytes.length - at);
    writer.bytes.set(bytes.subarray(at, at + size), writer.at);
    writer.advance(size);
    at += size;
  }
}
