import { STATUS_CODES } from "node:http";

export type AnswerHeaders = Readonly<Record<string, string | number>>;

/** Longer bodies go out from where they lie. */
const JOINED_BYTES = 64 * 1024;
/** Nothing in a header may begin another one (RFC 9110 §5.5). */
const UNSAFE = /[^\t\x20-\x7e\x80-\xff]/;

/**
 * An answer's status and headers, and where it is a text its body: made once for all who get the same. What depends on the
 * connection and the time (`tail`) comes behind, and is the same for all within a second.
 */
export class PreparedAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** What goes out behind the head, unless the request is a HEAD. */
  readonly body: Uint8Array | undefined;
  #start: string | undefined;
  #headTail: string | undefined;
  #head: Buffer | undefined;
  #wholeTail: string | undefined;
  #whole: Buffer | undefined;

  constructor(status: number, headers: AnswerHeaders, body?: Uint8Array) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  /** Status line and headers as bytes of HTTP/1.1. `tail`: further headers, and the empty line. */
  head(tail: string): Buffer {
    if (this.#head === undefined || this.#headTail !== tail) {
      this.#start ??= startOf(this.status, this.headers);
      this.#head = Buffer.from(this.#start + tail, "latin1");
      this.#headTail = tail;
    }
    return this.#head;
  }

  /** Head and body in one; undefined where these are better written one after the other. */
  whole(tail: string): Buffer | undefined {
    const { body } = this;
    if (body === undefined || body.length > JOINED_BYTES) return undefined;
    if (this.#whole === undefined || this.#wholeTail !== tail) {
      this.#whole = Buffer.concat([this.head(tail), body]);
      this.#wholeTail = tail;
    }
    return this.#whole;
  }
}

function startOf(status: number, headers: AnswerHeaders): string {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n`;
  for (const name of Object.keys(headers)) {
    const value = String(headers[name]);
    if (UNSAFE.test(value)) throw new TypeError(`header ${name} has a character that no header may have`);
    text += `${name}: ${value}\r\n`;
  }
  return text;
}
