import { type ByteRange, resolveUri, type SegmentMap } from "@millrace/playlist";
import { Decrypter, keyOf } from "./decrypt.ts";
import type { HttpClient } from "./http-client.ts";
import type { InitSection, LoadedPiece, Piece } from "./piece.ts";
import { retrying } from "./retry.ts";

const MAX_SEGMENT_BYTES = 256 << 20;
const MAX_INIT_BYTES = 16 << 20;
const MAX_KEY_BYTES = 4096;
const RETRIES = 3;
const KEPT_INITS = 8;

export interface LoaderOptions {
  readonly client: HttpClient;
  readonly signal: AbortSignal;
  readonly onRetry: () => void;
}

/** Fetches what a piece is made of: its bytes, its initialization section and its key. */
export class PieceLoader {
  readonly #options: LoaderOptions;
  readonly #decrypter: Decrypter;
  readonly #inits = new Map<string, InitSection>();
  #early: { readonly address: string; readonly bytes: Promise<Uint8Array> } | undefined;

  constructor(options: LoaderOptions) {
    this.#options = options;
    const { client, signal } = options;
    this.#decrypter = new Decrypter(async (address) =>
      /^data:/i.test(address)
        ? dataOf(address)
        : this.#retrying(async () => (await client.get(address, { signal, maxBytes: MAX_KEY_BYTES })).bytes),
    );
  }

  /** Asks for what the playlist says will come (EXT-X-PRELOAD-HINT): the server answers when it is there. */
  preload(address: string, timeoutMs: number): void {
    if (this.#early?.address === address) return;
    const { client, signal } = this.#options;
    const bytes = client
      .get(address, { signal, maxBytes: MAX_SEGMENT_BYTES, responseTimeoutMs: timeoutMs })
      .then((fetched) => fetched.bytes);
    bytes.catch(() => undefined);
    this.#early = { address, bytes };
  }

  /** `base` is the playlist's address. Rejects with `hls.*` errors; `hls.encrypted` will not go away by itself. */
  async load(piece: Piece, base: string): Promise<LoadedPiece> {
    const key = keyOf(piece.keys);
    const init = piece.map === undefined ? undefined : await this.#init(piece.map, base);
    const address = resolveUri(base, piece.uri);
    const early = this.#early;
    let bytes: Uint8Array | undefined;
    if (early?.address === address && piece.byteRange === undefined) {
      this.#early = undefined;
      bytes = await early.bytes.catch(() => undefined);
    }
    bytes ??= await this.#get(address, piece.byteRange, MAX_SEGMENT_BYTES);
    return {
      piece,
      init,
      bytes: plain(await this.#decrypter.decrypt(bytes, key, { base, sequence: piece.sequence })),
    };
  }

  async #init(map: SegmentMap, base: string): Promise<InitSection> {
    const address = resolveUri(base, map.uri);
    const name = `${address} ${map.byteRange?.offset} ${map.byteRange?.length}`;
    const known = this.#inits.get(name);
    if (known !== undefined) return known;
    const bytes = await this.#get(address, map.byteRange, MAX_INIT_BYTES);
    const clear = await this.#decrypter.decrypt(bytes, keyOf(map.keys), { base, sequence: undefined });
    const init = { bytes: plain(clear) };
    this.#inits.set(name, init);
    const [oldest] = this.#inits.keys();
    if (this.#inits.size > KEPT_INITS && oldest !== undefined) this.#inits.delete(oldest);
    return init;
  }

  #get(address: string, range: ByteRange | undefined, maxBytes: number): Promise<Uint8Array> {
    const { client, signal } = this.#options;
    return this.#retrying(async () => (await client.get(address, { signal, maxBytes, range })).bytes);
  }

  #retrying<T>(ask: () => Promise<T>): Promise<T> {
    const { signal, onRetry } = this.#options;
    return retrying(ask, { retries: RETRIES, signal, onRetry, missing: true });
  }
}

/** What a `data:` URI holds (RFC 2397): some packagers write keys so. */
function dataOf(address: string): Uint8Array {
  const [head = "", ...rest] = address.split(",");
  return Buffer.from(rest.join(","), /;base64$/i.test(head) ? "base64" : "latin1");
}

/** Not a Buffer, whose `slice` would not copy. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
