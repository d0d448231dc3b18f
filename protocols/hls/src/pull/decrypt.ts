import { createDecipheriv } from "node:crypto";
import { resolveUri, type SegmentKey } from "@millrace/playlist";
import { cannotDecrypt } from "./errors.ts";

const KEY_BYTES = 16;
const MOST_KEYS = 64;

/** Gets a key file; the address is absolute. */
export type FetchKey = (address: string) => Promise<Uint8Array>;

/** AES-128 segments (RFC 8216 §4.3.2.4, §5.2), with their keys, each of which is fetched once. */
export class Decrypter {
  readonly #fetchKey: FetchKey;
  readonly #keys = new Map<string, Promise<Uint8Array>>();

  constructor(fetchKey: FetchKey) {
    this.#fetchKey = fetchKey;
  }

  /**
   * The plain bytes of a segment or of an initialization section, whose number is undefined. `base` is the playlist's
   * address. Rejects with `hls.encrypted` where that cannot be, and when a key cannot be had.
   */
  async decrypt(
    bytes: Uint8Array,
    key: SegmentKey | undefined,
    from: { readonly base: string; readonly sequence: number | undefined },
  ): Promise<Uint8Array> {
    if (key === undefined) return bytes;
    const iv = ivOf(key, from.sequence);
    const secret = await this.#keyAt(resolveUri(from.base, key.uri as string));
    try {
      const decipher = createDecipheriv("aes-128-cbc", secret, iv);
      const head = decipher.update(bytes);
      const tail = decipher.final();
      return tail.length === 0 ? head : Buffer.concat([head, tail]);
    } catch (cause) {
      throw cannotDecrypt(`a segment cannot be decrypted: ${(cause as Error).message}`);
    }
  }

  #keyAt(address: string): Promise<Uint8Array> {
    let key = this.#keys.get(address);
    if (key === undefined) {
      key = this.#fetch(address);
      this.#keys.set(address, key);
      key.catch(() => this.#keys.delete(address));
      const [oldest] = this.#keys.keys();
      if (this.#keys.size > MOST_KEYS && oldest !== undefined) this.#keys.delete(oldest);
    }
    return key;
  }

  async #fetch(address: string): Promise<Uint8Array> {
    let key: Uint8Array;
    try {
      key = await this.#fetchKey(address);
    } catch (cause) {
      throw cannotDecrypt(`the key cannot be had: ${(cause as Error).message}`);
    }
    if (key.length === KEY_BYTES) return key;
    throw cannotDecrypt(`the key at ${address} has ${key.length} bytes, not ${KEY_BYTES}`);
  }
}

/**
 * The key to use, of those that are in force; undefined for clear media. Throws `hls.encrypted` for other methods and
 * formats.
 */
export function keyOf(keys: readonly SegmentKey[] | undefined): SegmentKey | undefined {
  if (keys === undefined || keys.length === 0) return undefined;
  const usable = keys.find(
    ({ method, keyFormat, uri }) =>
      method === "AES-128" && (keyFormat ?? "identity") === "identity" && uri !== undefined,
  );
  if (usable !== undefined) return usable;
  const [first] = keys as readonly [SegmentKey];
  const format = first.keyFormat === undefined ? "" : ` (${first.keyFormat})`;
  throw cannotDecrypt(`the media is encrypted with ${first.method}${format}, which cannot be played here`);
}

/** Without an IV attribute the segment's number is it (RFC 8216 §5.2); a section without a number needs one. */
function ivOf(key: SegmentKey, sequence: number | undefined): Uint8Array {
  const iv = new Uint8Array(16);
  if (key.iv !== undefined) {
    const digits = key.iv.slice(2).padStart(32, "0");
    for (let i = 0; i < 16; i++) iv[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
    return iv;
  }
  if (sequence === undefined) throw cannotDecrypt("an encrypted EXT-X-MAP needs an IV");
  new DataView(iv.buffer).setBigUint64(8, BigInt(sequence));
  return iv;
}
