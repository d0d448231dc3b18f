import {
  type HttpExchange,
  type LaneReader,
  PackagedReader,
  type Span,
  type ViewerSession,
} from "@millrace/engine";

/** With this much unsent a client is waited for. */
const MARK_BYTES = 512 * 1024;
/** A client that takes nothing for so long is cut off. */
const STALL_MS = 30_000;

/** What makes a file of the messages of a lane. */
export interface LaneFile {
  /** What stands before key messages, for one who begins or goes on there. False: a file cannot go on with that. */
  header(bytes: Uint8Array, fresh: boolean): boolean;
  /** What is written for a message, its memory or copies; undefined for nothing. `dts`: 90 kHz. */
  message(number: number, dts: number, parts: readonly Uint8Array[]): readonly Uint8Array[] | undefined;
}

export interface LaneResponseOptions {
  readonly exchange: HttpExchange;
  readonly reader: LaneReader;
  readonly session: ViewerSession;
  readonly file: LaneFile;
}

const HEADER_MARK = 0x7b;

/**
 * Writes a packaged lane as the body of an answer, over any version of HTTP. The lane's memory is written as it lies, and
 * held until it went out. A client that cannot keep up goes on at a later key frame.
 */
export class LaneResponse {
  readonly #options: LaneResponseOptions;
  readonly #reader: LaneReader;
  readonly #player: PackagedReader;
  #closed = false;
  #waiting = false;
  #parts: Uint8Array[] = [];
  #spans = 0;
  /** Memory that writes under way need, in their order, and how many spans each. */
  #held: Span[] = [];
  #heldOf: number[] = [];
  readonly #onWritten = (): void => {
    const count = this.#heldOf.shift() ?? 0;
    for (let i = 0; i < count; i++) this.#reader.releaseSpan(this.#held.shift() as Span);
  };
  readonly #onDrain = (): void => {
    this.#waiting = false;
    this.#pump();
  };
  readonly #onClose = (): void => this.close();

  constructor(options: LaneResponseOptions) {
    this.#options = options;
    this.#reader = options.reader;
    this.#player = new PackagedReader(options.reader);
  }

  /** The answer's head has been sent. */
  start(): void {
    const { request, response } = this.#options.exchange;
    response.on("drain", this.#onDrain);
    response.once("close", this.#onClose);
    request.socket.once("close", this.#onClose);
    response.on("error", this.#onClose);
    response.setTimeout(STALL_MS, () => {
      // A stream that pauses is no reason to leave.
      if (response.writableLength > 0) response.destroy();
    });
    if (request.socket.destroyed) {
      this.close();
      return;
    }
    this.#reader.onReadable = () => this.#pump();
    this.#pump();
  }

  /** Gives everything back. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { exchange, session } = this.#options;
    exchange.response.off("drain", this.#onDrain);
    exchange.request.socket.off("close", this.#onClose);
    for (const span of this.#held.splice(0)) this.#reader.releaseSpan(span);
    this.#heldOf = [];
    this.#player.close();
    session.close();
  }

  #pump(): void {
    const { exchange, session } = this.#options;
    const { response } = exchange;
    while (!this.#closed && !this.#waiting && this.#player.next()) {
      this.#chunk();
      if (!this.#reader.more && response.writableLength > MARK_BYTES) this.#waiting = true;
    }
    if (this.#closed) return;
    session.skips = this.#reader.skips;
    session.lagBytes = this.#reader.lagBytes + response.writableLength;
    if (!this.#waiting && (this.#reader.ended || this.#player.torn)) this.#end();
  }

  #end(): void {
    const { response } = this.#options.exchange;
    if (this.#closed) return;
    this.close();
    response.end();
  }

  #chunk(): void {
    const reader = this.#reader;
    const bytes = reader.hold();
    if (bytes === undefined) {
      this.#drop();
      this.#player.skip();
      return;
    }
    if (this.#player.fresh) this.#drop();
    const { fresh } = this.#player;
    this.#parts.push(bytes);
    this.#held.push(reader.span());
    this.#spans++;
    if (!reader.more) this.#message(fresh);
  }

  #message(fresh: boolean): void {
    const { exchange, file, session } = this.#options;
    const { track, dts } = this.#reader.chunk;
    const parts = this.#parts;
    if (isHeader(parts)) {
      const goesOn = file.header(Buffer.concat(parts), fresh);
      this.#drop();
      if (!goesOn) this.#end();
      return;
    }
    const out = file.message(track, dts, parts);
    if (out === undefined || out.length === 0) {
      this.#drop();
      return;
    }
    const { response } = exchange;
    this.#heldOf.push(this.#spans);
    this.#parts = [];
    this.#spans = 0;
    response.cork();
    for (let i = 0; i < out.length; i++) {
      const part = out[i] as Uint8Array;
      session.bytes += part.length;
      if (i < out.length - 1) response.write(part);
      else response.write(part, this.#onWritten);
    }
    response.uncork();
  }

  /** Gives back what came of a message that is not written. */
  #drop(): void {
    this.#parts = [];
    for (; this.#spans > 0; this.#spans--) this.#reader.releaseSpan(this.#held.pop() as Span);
  }
}

/** Frames of none of the lanes begin so: `{"tracks":`. */
function isHeader(parts: readonly Uint8Array[]): boolean {
  const [first] = parts;
  return first?.[0] === HEADER_MARK && first[1] === 0x22 && first[2] === 0x74;
}
