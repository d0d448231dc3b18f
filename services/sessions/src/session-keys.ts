/** A key not used within this time is worth nothing, milliseconds. */
export const LIFETIME_MS = 5 * 60_000;
/** Keys waiting to be used; one more, and the oldest goes. */
export const OUTSTANDING_MAX = 10_000;
const KEY_BYTES = 8;

export interface SessionKeysOptions {
  /** Milliseconds on a clock that never goes back. */
  readonly nowMs: () => number;
  /** Fills an array with bytes that nobody can foretell. */
  readonly random: (into: Uint8Array<ArrayBuffer>) => void;
}

interface Key {
  readonly stream: string;
  readonly endsMs: number;
}

/** The keys that were issued and not used yet. Each opens one stream, once. */
export class SessionKeys {
  readonly #nowMs: () => number;
  readonly #random: (into: Uint8Array<ArrayBuffer>) => void;
  /** In the order in which they were issued, which is that in which they end. */
  readonly #keys = new Map<string, Key>();

  constructor(options: SessionKeysOptions) {
    this.#nowMs = options.nowMs;
    this.#random = options.random;
  }

  get outstanding(): number {
    return this.#keys.size;
  }

  /** A new key: 16 digits in base 16. */
  issue(stream: string): string {
    const now = this.#nowMs();
    for (const [id, key] of this.#keys) {
      if (key.endsMs > now && this.#keys.size < OUTSTANDING_MAX) break;
      this.#keys.delete(id);
    }
    const id = this.#newId();
    this.#keys.set(id, { stream, endsMs: now + LIFETIME_MS });
    return id;
  }

  /** Uses a key up. False when it is unknown, used, too old or another stream's; the last leaves it good. */
  redeem(id: string, stream: string): boolean {
    const key = this.#keys.get(id.toLowerCase());
    if (key === undefined || key.stream !== stream) return false;
    this.#keys.delete(id.toLowerCase());
    return key.endsMs > this.#nowMs();
  }

  #newId(): string {
    const bytes = new Uint8Array(KEY_BYTES);
    let id: string;
    do {
      this.#random(bytes);
      id = Buffer.from(bytes).toString("hex");
    } while (this.#keys.has(id));
    return id;
  }
}
