import { badAnswer } from "../errors.ts";

/** Status and headers of an answer. */
export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** Names in lower case; of several with one name the first. */
  readonly headers: ReadonlyMap<string, string>;
}

const MAX_HEAD_BYTES = 16 << 10;

/**
 * Gathers the head of an answer. Old SHOUTcast servers say `ICY 200 OK` where others say `HTTP/1.0 200 OK` (RFC 9112 §4),
 * and end lines as they like.
 */
export class ResponseHeadReader {
  #text = "";

  /**
   * Takes the next bytes. The head, once it is whole, with what is behind it; undefined until then. Throws `shout.answer`
   * for what is no such answer.
   */
  push(bytes: Uint8Array): { readonly head: ResponseHead; readonly rest: Uint8Array } | undefined {
    if (bytes.length === 0) return undefined;
    const before = this.#text.length;
    // One character a byte, so that places in the text are places in the bytes.
    this.#text += latin1(bytes.subarray(0, MAX_HEAD_BYTES + 1));
    if (!/^(I(C(Y.*)?)?|H(T(T(P.*)?)?)?)$/s.test(this.#text))
      throw badAnswer("the server speaks neither HTTP nor ICY");
    const end = /\r?\n\r?\n/.exec(this.#text);
    if (end === null || end.index > MAX_HEAD_BYTES) {
      if (this.#text.length > MAX_HEAD_BYTES) throw badAnswer("the head of the answer does not end");
      return undefined;
    }
    const head = parseHead(this.#text.slice(0, end.index));
    return { head, rest: bytes.subarray(end.index + end[0].length - before) };
  }
}

function parseHead(text: string): ResponseHead {
  const [first = "", ...lines] = text.split(/\r?\n/);
  const match = /^(?:ICY|HTTP\/\d(?:\.\d)?) +(\d{3})(?: +(.*))?$/.exec(first.trimEnd());
  if (match === null) throw badAnswer("the server speaks neither HTTP nor ICY");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const at = line.indexOf(":");
    const name = line.slice(0, at).trim().toLowerCase();
    if (at > 0 && !headers.has(name)) headers.set(name, line.slice(at + 1).trim());
  }
  return { status: Number(match[1]), reason: (match[2] ?? "").trim(), headers };
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
