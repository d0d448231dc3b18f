import type { Socket } from "node:net";
import type { AnswerPort } from "../answer-port.ts";
import type { PreparedAnswer } from "../prepared-answer.ts";
import { tailOf } from "./tail.ts";

const NO_PARTS: readonly Uint8Array[] = [];
const LAST_CHUNK = "0\r\n\r\n";

/** The connection of an answer. */
export interface AnswerLine {
  readonly socket: Socket;
  /** Something was written: it may not all be with the system. */
  wrote(): void;
  /** The answer was written to its end. */
  ended(): void;
}

export interface DirectAnswerOptions {
  /** It is the answer to a HEAD. */
  readonly headOnly: boolean;
  /** The connection is closed behind it. */
  readonly close: boolean;
}

/** The answer to one request on a connection of our own. */
export class DirectResponse implements AnswerPort {
  readonly #line: AnswerLine;
  readonly #headOnly: boolean;
  readonly close: boolean;
  #begun = false;
  #ended = false;
  #over: (() => void) | undefined;

  constructor(line: AnswerLine, { headOnly, close }: DirectAnswerOptions) {
    this.#line = line;
    this.#headOnly = headOnly;
    this.close = close;
  }

  get gone(): boolean {
    return this.#ended || this.#line.socket.destroyed;
  }

  get begun(): boolean {
    return this.#begun;
  }

  whole(answer: PreparedAnswer, parts = NO_PARTS, over?: () => void): void {
    if (!this.#start(over)) return;
    const { socket } = this.#line;
    const tail = tailOf(this.close, false);
    if (this.#headOnly) {
      socket.write(answer.head(tail));
    } else {
      const all = answer.whole(tail);
      if (all === undefined)
        writeAll(socket, answer.head(tail), answer.body === undefined ? parts : [answer.body]);
      else socket.write(all);
    }
    this.#finish();
  }

  begin(answer: PreparedAnswer, over: () => void): void {
    if (!this.#start(over)) return;
    this.#line.socket.write(answer.head(tailOf(this.close, true)));
    this.#line.wrote();
  }

  /** In a chunk of its own (RFC 9112 §7.1). */
  part(parts: readonly Uint8Array[], written: () => void): number {
    const { socket } = this.#line;
    if (this.gone) {
      written();
      return 0;
    }
    let length = 0;
    for (const part of parts) length += part.length;
    if (length === 0) {
      written();
      return socket.writableLength;
    }
    socket.cork();
    socket.write(`${length.toString(16)}\r\n`, "latin1");
    for (const part of parts) socket.write(part);
    socket.write("\r\n", "latin1", written);
    socket.uncork();
    this.#line.wrote();
    return socket.writableLength;
  }

  end(): void {
    if (this.gone) return;
    this.#line.socket.write(LAST_CHUNK, "latin1");
    this.#finish();
  }

  breakOff(): void {
    if (!this.gone) this.#line.socket.destroy();
  }

  /** Called by the connection, once or more often: nothing of the answer is on its way any more. */
  settle(): void {
    this.#ended = true;
    const over = this.#over;
    this.#over = undefined;
    over?.();
  }

  #start(over: (() => void) | undefined): boolean {
    if (this.#begun) throw new Error("the request was answered already");
    this.#begun = true;
    if (this.gone) {
      over?.();
      return false;
    }
    this.#over = over;
    return true;
  }

  #finish(): void {
    this.#ended = true;
    this.#line.ended();
  }
}

function writeAll(socket: Socket, head: Uint8Array, parts: readonly Uint8Array[]): void {
  if (parts.length === 0) {
    socket.write(head);
    return;
  }
  // Together in one call of the system.
  socket.cork();
  socket.write(head);
  for (const part of parts) socket.write(part);
  socket.uncork();
}
