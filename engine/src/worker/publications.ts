import type { AccessUnit, Clock, LaneName, Track } from "@millrace/model";
import type { Publication, StreamWriter, ViewerSession } from "../api.ts";
import { LaneWriter } from "../lane/writer.ts";
import type { SlabPool } from "../memory/pool.ts";
import { UnitsOutput } from "../stream/units-output.ts";
import type { ExportedLane, LaneExchange } from "./lane-exchange.ts";
import type { DirectSource } from "./pipe.ts";
import type { Ticker } from "./ticker.ts";

/** How far back the pipe from a publisher's worker to the owner's reaches. */
const WINDOW_MS = 2000;
const MAX_BYTES = 16 * 1024 * 1024;

export interface PublicationsOptions {
  readonly pool: SlabPool;
  readonly clock: Clock;
  readonly exchange: LaneExchange;
  readonly ticker: Ticker;
  readonly nextId: () => string;
}

/** What a publisher of either kind writes to; the types of publications show it the part that is its own. */
export type PublicationWriter = Pick<StreamWriter, "ts" | "setTracks" | "unit" | "discontinuity">;

/** A pipe that was opened, and its publisher's handle. */
export interface OpenPipe {
  readonly lane: ExportedLane;
  readonly publication: Publication<PublicationWriter>;
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

  open(stream: string, kind: LaneName, session: ViewerSession): OpenPipe {
    const { pool, clock, exchange, ticker, nextId } = this.#options;
    const id = `publish:${stream}#${nextId()}`;
    const lane = exchange.export(
      new LaneWriter({ id, kind, pool, clock, windowMs: WINDOW_MS, maxBytes: MAX_BYTES }),
    );
    const writer = new PipeWriter(lane.writer, ticker, session);
    const abort = new AbortController();
    const end = (): void => {
      if (!this.#open.delete(id)) return;
      writer.ended = true;
      session.close();
      exchange.retire(lane);
    };
    this.#open.set(id, () => {
      abort.abort();
      end();
    });
    return { lane, publication: describedBy(session, { writer, signal: abort.signal, end }) };
  }

  /** The stream no longer wants what comes through this pipe. */
  cancel(id: string): void {
    this.#open.get(id)?.();
  }
}

/** Writes what a publisher brings into the lane that the stream's owner reads. */
class PipeWriter implements PublicationWriter {
  readonly #lane: LaneWriter;
  readonly #ticker: Ticker;
  readonly #session: ViewerSession;
  readonly #units: UnitsOutput;
  ended = false;

  constructor(lane: LaneWriter, ticker: Ticker, session: ViewerSession) {
    this.#lane = lane;
    this.#ticker = ticker;
    this.#session = session;
    this.#units = new UnitsOutput(lane, ticker);
  }

  ts(bytes: Uint8Array): void {
    if (this.ended) return;
    this.#session.bytes += bytes.length;
    const lane = this.#lane;
    for (let at = 0; at < bytes.length; ) {
      const size = Math.min(lane.room(1), bytes.length - at);
      lane.bytes.set(bytes.subarray(at, at + size), lane.at);
      lane.advance(size);
      at += size;
    }
    this.#ticker.commitLater(lane);
  }

  setTracks(tracks: readonly Track[]): void {
    if (!this.ended) this.#units.setTracks(tracks);
  }

  unit(unit: AccessUnit): void {
    if (this.ended) return;
    this.#session.bytes += sizeOf(unit);
    this.#units.write(unit);
  }

  discontinuity(): void {
    if (!this.ended) this.#units.breakHere();
  }
}

/** Writes what a publisher brings into its stream, which lives in this worker. */
class DirectWriter implements PublicationWriter {
  readonly #source: DirectSource;
  readonly #session: ViewerSession;

  constructor(source: DirectSource, session: ViewerSession) {
    this.#source = source;
    this.#session = session;
  }

  ts(bytes: Uint8Array): void {
    this.#session.bytes += bytes.length;
    this.#source.ts(bytes);
  }

  setTracks(tracks: readonly Track[]): void {
    this.#source.setTracks(tracks);
  }

  unit(unit: AccessUnit): void {
    this.#session.bytes += sizeOf(unit);
    this.#source.unit(unit);
  }

  discontinuity(): void {
    this.#source.discontinuity();
  }
}

/** The handle of a publisher whose stream lives in this very worker. */
export function directPublication(
  source: DirectSource,
  session: ViewerSession,
): Publication<PublicationWriter> {
  const abort = new AbortController();
  let ended = false;
  source.onEnd = () => {
    session.close();
    if (!ended) abort.abort();
    ended = true;
  };
  const end = (): void => {
    ended = true;
    source.end();
    session.close();
  };
  const writer = new DirectWriter(source, session);
  return describedBy(session, { writer, signal: abort.signal, end });
}

/** The session shows what the protocol will have the publication say. */
function describedBy<Of extends Publication<PublicationWriter>>(session: ViewerSession, publication: Of): Of {
  session.describe = () => publication.describe?.();
  return publication;
}

function sizeOf(unit: AccessUnit): number {
  let size = 0;
  for (const part of unit.data) size += part.length;
  return size;
}
