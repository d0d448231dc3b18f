import { Batch } from "./batch.ts";
import type { Gathering } from "./gathering.ts";
import type { LaneReader, LaneView } from "./reader.ts";

/** One who gets what a fan-out gathers. */
export interface FanoutMember {
  /** For everybody, at the edge or not. Keeps it, if at all, by `Batch.use`. */
  send(batch: Batch): void;
  /** What lies from this chunk on will not be sent: read it, or what is left of it, with a cursor of your own. */
  fallBehind(seq: number): void;
  /** Once a second. */
  check(): void;
  /** All there was has been sent. */
  laneEnded(): void;
}

export interface FanoutOptions {
  readonly gathering: Gathering;
  /** The last member left, or the lane ended. */
  readonly onEmpty: () => void;
}

const CHECK_MS = 1000;

/**
 * All players of one lane in one worker. What arrives is gathered once and written to everybody at the live edge; whose
 * socket is full drops out of the round, catches up with a cursor of its own, and joins again where `edge` is. Batches are
 * whole messages, without the headers that a packaged lane repeats.
 */
export class Fanout {
  readonly #reader: LaneReader;
  readonly #members = new Set<FanoutMember>();
  readonly #gathering: Gathering;
  readonly #onEmpty: () => void;
  readonly #timer: NodeJS.Timeout;
  #batch: Batch;
  #flushTimer: NodeJS.Timeout | undefined;
  /** The last message of the batch is not all there. */
  #inMessage = false;
  #skips: number;
  /** Arrival of the last chunk that was written, nanoseconds. */
  #flushedNs = 0;
  #closed = false;
  readonly #flush = (): void => this.flush();

  constructor(reader: LaneReader, { gathering, onEmpty }: FanoutOptions) {
    this.#reader = reader;
    this.#gathering = gathering;
    this.#onEmpty = onEmpty;
    this.#skips = reader.skips;
    reader.seek(reader.view.ring.head);
    this.#batch = new Batch(reader);
    reader.onReadable = () => this.#gather();
    this.#timer = setInterval(() => this.#check(), CHECK_MS);
  }

  /** Number of the chunk at which a member stands that has everything written so far. */
  get edge(): number {
    return this.#batch.firstSeq;
  }

  /** A cursor of its own for a member that cannot keep up. */
  cursor(): LaneReader {
    return this.#reader.view.read("live");
  }

  add(member: FanoutMember): void {
    this.#members.add(member);
  }

  remove(member: FanoutMember): void {
    if (!this.#members.delete(member) || this.#members.size > 0) return;
    this.#close();
  }

  /** Writes what gathered, if it is whole. */
  flush(): void {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    const batch = this.#batch;
    if (this.#inMessage || batch.bytes === 0) return;
    this.#flushedNs = this.#reader.chunk.arrivalNs;
    this.#batch = new Batch(this.#reader);
    for (const member of this.#members) member.send(batch);
    batch.done();
  }

  #gather(): void {
    const reader = this.#reader;
    while (reader.next()) {
      if (reader.skips !== this.#skips) break;
      if (reader.repeat) continue;
      if (!this.#batch.add()) reader.skip();
      else this.#inMessage = reader.more;
    }
    if (reader.skips !== this.#skips) this.#lose();
    if (!this.#inMessage && this.#batch.bytes > 0) this.#schedule();
    if (reader.ended) this.#end();
  }

  #schedule(): void {
    const { waitMs, mostBytes, eagerBytes } = this.#gathering;
    const { bytes } = this.#batch;
    const wait = waitMs(this.#members.size);
    const sinceMs = (this.#reader.chunk.arrivalNs - this.#flushedNs) / 1e6;
    if (wait === 0 || bytes >= mostBytes || (bytes >= eagerBytes && sinceMs * 2 >= wait)) this.flush();
    else this.#flushTimer ??= setTimeout(this.#flush, wait);
  }

  /** This worker was away for longer than the lane's window: each member for itself finds out where to go on. */
  #lose(): void {
    const reader = this.#reader;
    const batch = this.#batch;
    reader.seek(reader.view.ring.head);
    this.#skips = reader.skips;
    this.#inMessage = false;
    this.#batch = new Batch(reader);
    batch.done();
    for (const member of this.#members) member.fallBehind(batch.firstSeq);
  }

  #check(): void {
    for (const member of this.#members) member.check();
  }

  #end(): void {
    this.flush();
    this.#close();
    const members = [...this.#members];
    this.#members.clear();
    for (const member of members) member.laneEnded();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#flushTimer);
    clearInterval(this.#timer);
    this.#batch.done();
    this.#reader.close();
    this.#onEmpty();
  }
}

const fanouts = new WeakMap<LaneView, Map<Gathering, Fanout>>();

/** The fan-out of the lane that a reader reads, shared by all who ask with the same `gathering`. Add a member, or it stays. */
export function fanoutOf({ view }: LaneReader, gathering: Gathering): Fanout {
  let ofLane = fanouts.get(view);
  if (ofLane === undefined) fanouts.set(view, (ofLane = new Map()));
  const made = ofLane;
  let fanout = made.get(gathering);
  if (fanout === undefined) {
    fanout = new Fanout(view.read("live"), { gathering, onEmpty: () => made.delete(gathering) });
    made.set(gathering, fanout);
  }
  return fanout;
}
