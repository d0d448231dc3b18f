import { type HttpExchange, type LaneReader, MessageReader, type ViewerSession } from "@millrace/engine";

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
  readonly #messages: MessageReader;
  #closed = false;
  #waiting = false;
  readonly #onDrain = (): void => {
    this.#waiting = false;
    this.#pump();
  };
  /** Nobody takes anything any more. */
  readonly #onClose = (): void => {
    this.#options.exchange.request.socket.off("close", this.#onClose);
    this.close();
    this.#messages.clear();
  };

  constructor(options: LaneResponseOptions) {
    this.#options = options;
    this.#reader = options.reader;
    this.#messages = new MessageReader(options.reader);
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
      this.#onClose();
      return;
    }
    this.#reader.onReadable = () => this.#pump();
    this.#pump();
  }

  /** Nothing more is written; what was is held until it went out. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { exchange, session } = this.#options;
    exchange.response.off("drain", this.#onDrain);
    this.#messages.close();
    session.close();
  }

  #pump(): void {
    const { exchange, session } = this.#options;
    const { response } = exchange;
    while (!this.#closed && !this.#waiting && this.#messages.next()) {
      this.#message();
      if (response.writableLength > MARK_BYTES) this.#waiting = true;
    }
    if (this.#closed) return;
    session.skips = this.#reader.skips;
    session.lagBytes = this.#reader.lagBytes + response.writableLength;
    if (!this.#waiting && this.#messages.ended) this.#end();
  }

  #end(): void {
    const { response } = this.#options.exchange;
    if (this.#closed) return;
    this.close();
    response.end();
  }

  #message(): void {
    const { exchange, file, session } = this.#options;
    const messages = this.#messages;
    const { parts } = messages;
    const { track, dts } = this.#reader.chunk;
    if (isHeader(parts)) {
      if (!file.header(Buffer.concat(parts), messages.fresh)) this.#end();
      return;
    }
    const out = file.message(track, dts, parts);
    if (out === undefined || out.length === 0) return;
    const { response } = exchange;
    messages.keep();
    response.cork();
    for (let i = 0; i < out.length; i++) {
      const part = out[i] as Uint8Array;
      session.bytes += part.length;
      if (i < out.length - 1) response.write(part);
      else response.write(part, messages.sent);
    }
    response.uncork();
  }
}

/** Frames of none of the lanes begin so: `{"tracks":`. */
function isHeader(parts: readonly Uint8Array[]): boolean {
  const [first] = parts;
  return first?.[0] === HEADER_MARK && first[1] === 0x22 && first[2] === 0x74;
}
