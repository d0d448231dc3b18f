/** A 32-bit keyed hash (HalfSipHash-1-3, 64-bit key) of who calls: cheap enough for a flood of forged callers. */
export class CookieJar {
  readonly #k0: number;
  readonly #k1: number;
  #v0 = 0;
  #v1 = 0;
  #v2 = 0;
  #v3 = 0;

  /** `key`: 8 random bytes, the server's secret. */
  constructor(key: Uint8Array) {
    this.#k0 = word(key, 0);
    this.#k1 = word(key, 4);
  }

  /** The cookie of a caller in a minute of time; never 0. */
  make(address: string, port: number, minute: number): number {
    this.#v0 = this.#k0;
    this.#v1 = this.#k1;
    this.#v2 = 0x6c796765 ^ this.#k0;
    this.#v3 = 0x74656462 ^ this.#k1;
    this.#absorb(port);
    this.#absorb(minute | 0);
    this.#absorb(address.length);
    for (let i = 0; i < address.length; i += 2) {
      const second = i + 1 < address.length ? address.charCodeAt(i + 1) : 0;
      this.#absorb((address.charCodeAt(i) << 16) | second);
    }
    this.#v2 ^= 0xff;
    this.#round();
    this.#round();
    this.#round();
    return (this.#v1 ^ this.#v3) >>> 0 || 1;
  }

  /** Whether we gave this cookie in this minute or the one before. */
  verify(cookie: number, address: string, port: number, minute: number): boolean {
    return cookie === this.make(address, port, minute) || cookie === this.make(address, port, minute - 1);
  }

  #absorb(value: number): void {
    this.#v3 ^= value;
    this.#round();
    this.#v0 ^= value;
  }

  #round(): void {
    this.#v0 = (this.#v0 + this.#v1) | 0;
    this.#v1 = rotate(this.#v1, 5) ^ this.#v0;
    this.#v0 = rotate(this.#v0, 16);
    this.#v2 = (this.#v2 + this.#v3) | 0;
    this.#v3 = rotate(this.#v3, 8) ^ this.#v2;
    this.#v0 = (this.#v0 + this.#v3) | 0;
    this.#v3 = rotate(this.#v3, 7) ^ this.#v0;
    this.#v2 = (this.#v2 + this.#v1) | 0;
    this.#v1 = rotate(this.#v1, 13) ^ this.#v2;
    this.#v2 = rotate(this.#v2, 16);
  }
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}
