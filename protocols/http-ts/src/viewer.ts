import type { Socket } from "node:net";
import { Batch, BatchQueue, type FanoutMember, type LaneReader, type ViewerSession } from "@millrace/engine";

/** With this much unsent a viewer is left out until its socket drains. */
const HIGH_WATER_BYTES = 256 * 1024;
/** A viewer that takes nothing for so long is dropped. */
const STALL_MS = 30_000;

/** The round that a viewer at the live edge takes part in. */
export interface Round {
  /** Where a viewer that has everything flushed so far stands. */
  readonly edge: number;
  /** A cursor of its own for a viewer that cannot keep up. */
  cursor(): LaneReader;
  add(viewer: FanoutMember): void;
  remove(viewer: FanoutMember): void;
}

export interface ViewerOptions {
  readonly socket: Socket;
  readonly session: ViewerSession;
  /** The lane is over: find another one, or end the response. */
  readonly onLaneEnd: (viewer: Viewer) => void;
  readonly onStalled: () => void;
}

/** One HTTP-TS viewer: a socket, and a place in the lane. */
export class Viewer implements FanoutMember {
  readonly socket: Socket;
  readonly session: ViewerSession;
  readonly #options: ViewerOptions;
  readonly #out: BatchQueue;
  #fanout: Round | undefined;
  /** The own cursor while not at the edge. */
  #behind: LaneReader | undefined;
  #closed = false;
  #progressMs = Date.now();
  #lastWritten = 0;
  #skips = 0;

  constructor(options: ViewerOptions) {
    this.#options = options;
    this.socket = options.socket;
    this.session = options.session;
    this.#out = new BatchQueue(this.socket);
    this.socket.on("drain", () => this.#catchUp());
    this.socket.on("close", () => this.close());
    this.socket.on("error", () => this.close());
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Goes on air from where `reader` stands (a key frame by custom). */
  join(fanout: Round, reader: LaneReader): void {
    this.#fanout = fanout;
    this.#behind = reader;
    this.#skips = reader.skips;
    fanout.add(this);
    this.#catchUp();
  }

  /** Takes what the fan-out gathered; only those at the edge can. */
  send(batch: Batch): void {
    if (this.#behind !== undefined) {
      this.#catchUp();
      return;
    }
    const { socket } = this;
    if (socket.writableLength > HIGH_WATER_BYTES) {
      this.fallBehind(batch.firstSeq);
      return;
    }
    if (batch.bytes > 0) this.#write(batch);
  }

  #write(batch: Batch): void {
    this.#out.write(batch);
    this.session.bytes += batch.bytes;
  }

  /** On with a cursor of its own, from this chunk on. */
  fallBehind(seq: number): void {
    const fanout = this.#fanout;
    if (fanout === undefined || this.#behind !== undefined) return;
    const reader = fanout.cursor();
    reader.seek(seq);
    this.#skips = reader.skips;
    this.#behind = reader;
  }

  /** Sends from the own cursor until the socket is full or the edge is reached. */
  #catchUp(): void {
    const reader = this.#behind;
    const fanout = this.#fanout;
    if (reader === undefined || fanout === undefined || this.#closed) return;
    const { socket } = this;
    while (socket.writableLength <= HIGH_WATER_BYTES) {
      if (reader.position === fanout.edge) {
        this.#behind = undefined;
        reader.close();
        this.session.lagBytes = 0;
        return;
      }
      if (!reader.next()) return;
      this.#sendOne(reader);
    }
  }

  #sendOne(reader: LaneReader): void {
    const { socket, session } = this;
    const skipped = reader.skips !== this.#skips;
    if (skipped) {
      session.skips += reader.skips - this.#skips;
      this.#skips = reader.skips;
    }
    const batch = new Batch(reader);
    batch.add();
    if (batch.bytes === 0) {
      reader.skip();
      return;
    }
    const first = session.bytes === 0 || skipped;
    if (first && reader.key && reader.bare) socket.write(reader.tables());
    this.#write(batch);
    batch.done();
  }

  /** Now and then: drops a viewer that takes nothing. */
  check(): void {
    const now = Date.now();
    const written = this.socket.bytesWritten - this.socket.writableLength;
    if (this.socket.writableLength === 0 || written !== this.#lastWritten) {
      this.#lastWritten = written;
      this.#progressMs = now;
    } else if (now - this.#progressMs > STALL_MS) {
      this.#options.onStalled();
      this.socket.destroy();
    }
    if (this.#behind !== undefined) this.session.lagBytes = this.#behind.lagBytes;
    else this.session.lagBytes = this.socket.writableLength;
    this.#catchUp();
  }

  laneEnded(): void {
    this.#leave();
    this.#options.onLaneEnd(this);
  }

  /** The body is over. A client that does not take the rest of it cannot hold its memory for ever. */
  end(): void {
    const { socket } = this;
    const timer = setTimeout(() => socket.destroy(), STALL_MS);
    socket.once("close", () => clearTimeout(timer));
    socket.destroySoon();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#leave();
    this.#out.clear();
    this.session.close();
  }

  #leave(): void {
    this.#behind?.close();
    this.#behind = undefined;
    const fanout = this.#fanout;
    this.#fanout = undefined;
    fanout?.remove(this);
  }
}
