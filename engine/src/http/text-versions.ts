import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { ContentCoding } from "./conditions.ts";
import type { PreparedAnswer } from "./prepared-answer.ts";

/** Playlists live for seconds: what is not among the last few texts is not asked for any more. */
const KEPT = 64;
/** Beyond this strength a text that is sent a few times costs more than it saves. */
const BROTLI_QUALITY = 4;
const GZIP_LEVEL = 6;

const compressBrotli = promisify(brotliCompress);
const compressGzip = promisify(gzip);

/** Of one text. */
const KEPT_ANSWERS = 16;

/** What else is in an answer. */
export interface AnswerFacts {
  readonly coding: ContentCoding | undefined;
  readonly status: number;
  readonly type: string;
  readonly cache: string;
}

interface KnownAnswer extends AnswerFacts {
  readonly answer: PreparedAnswer;
}

/** One text as it goes over the wire, in each coding that somebody asked for: made once, however many ask. */
export class TextVersion {
  readonly #plain: Buffer;
  readonly #coded = new Map<ContentCoding, Promise<Buffer>>();
  readonly #hash: string;
  readonly #answers: KnownAnswer[] = [];

  constructor(text: string) {
    this.#plain = Buffer.from(text);
    this.#hash = createHash("sha1").update(this.#plain).digest("base64url").slice(0, 16);
  }

  /** Strong, so another one for each coding (RFC 9110 §8.8.3.3). */
  etag(coding: ContentCoding | undefined): string {
    return coding === undefined ? `"${this.#hash}"` : `"${this.#hash}-${coding}"`;
  }

  /** The whole answer with it, if it was made already. */
  answer({ coding, status, type, cache }: AnswerFacts): PreparedAnswer | undefined {
    // There are very few, and no key has to be made of their facts.
    for (const known of this.#answers)
      if (known.coding === coding && known.status === status && known.type === type && known.cache === cache)
        return known.answer;
    return undefined;
  }

  keep(facts: AnswerFacts, answer: PreparedAnswer): void {
    if (this.#answers.length >= KEPT_ANSWERS) this.#answers.shift();
    this.#answers.push({ ...facts, answer });
  }

  body(coding: ContentCoding | undefined): Buffer | Promise<Buffer> {
    if (coding === undefined) return this.#plain;
    const known = this.#coded.get(coding);
    if (known !== undefined) return known;
    const made = coding === "br" ? brotli(this.#plain) : compressGzip(this.#plain, { level: GZIP_LEVEL });
    this.#coded.set(coding, made);
    return made;
  }
}

function brotli(plain: Buffer): Promise<Buffer> {
  return compressBrotli(plain, {
    params: {
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
    },
  });
}

/** The texts that were sent last. */
export class TextVersions {
  readonly #versions = new Map<string, TextVersion>();
  /** In one moment many ask for the same. */
  #lastText: string | undefined;
  #last: TextVersion | undefined;

  of(text: string): TextVersion {
    if (this.#last !== undefined && this.#lastText === text) return this.#last;
    const version = this.#find(text);
    this.#lastText = text;
    this.#last = version;
    return version;
  }

  #find(text: string): TextVersion {
    let version = this.#versions.get(text);
    if (version !== undefined) {
      // Map keeps the order of insertion: what was asked for now is the last to be forgotten.
      this.#versions.delete(text);
    } else {
      version = new TextVersion(text);
      const [oldest] = this.#versions.keys();
      if (oldest !== undefined && this.#versions.size >= KEPT) this.#versions.delete(oldest);
    }
    this.#versions.set(text, version);
    return version;
  }
}
