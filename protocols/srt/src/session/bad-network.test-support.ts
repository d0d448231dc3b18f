/** Numbers that look random and are the same each time (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface NetworkOptions {
  readonly seed?: number;
  /** One way. */
  readonly delayMs?: number;
  /** Uniform, around the delay; packets may overtake each other. */
  readonly jitterMs?: number;
  readonly lossPercent?: number;
  readonly duplicatePercent?: number;
  /** Changes a packet on its way, or takes it (undefined). `toServer`: direction. */
  readonly meddle?: (packet: Uint8Array, toServer: boolean, nowUs: number) => Uint8Array | undefined;
}

/** A packet on its way. */
export interface Flight {
  readonly atUs: number;
  readonly order: number;
  readonly toServer: boolean;
  readonly packet: Uint8Array;
}

/** The network between two peers, in made-up time. */
export class BadNetwork {
  /** Packets that entered towards the server, and their bytes. */
  sentToServer = 0;
  bytesToServer = 0;
  readonly #options: NetworkOptions;
  readonly #random: () => number;
  readonly #flights: Flight[] = [];
  #order = 0;

  constructor(options: NetworkOptions, random: () => number) {
    this.#options = options;
    this.#random = random;
  }

  launch(packet: Uint8Array, length: number, toServer: boolean, nowUs: number): void {
    const { lossPercent = 0, duplicatePercent = 0, meddle } = this.#options;
    if (toServer) {
      this.sentToServer++;
      this.bytesToServer += length;
    }
    if (this.#random() * 100 < lossPercent) return;
    const copies = this.#random() * 100 < duplicatePercent ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const copy = packet.slice(0, length);
      const changed = meddle === undefined ? copy : meddle(copy, toServer, nowUs);
      if (changed !== undefined) this.#push(changed, toServer, nowUs + this.#delayUs());
    }
  }

  /** A packet of anybody's making, that arrives at once. */
  inject(packet: Uint8Array, toServer: boolean, nowUs: number): void {
    this.#push(packet, toServer, nowUs);
  }

  /** When the next packet arrives; infinity when there is none. */
  get nextUs(): number {
    let nextUs = Number.POSITIVE_INFINITY;
    for (const { atUs } of this.#flights) if (atUs < nextUs) nextUs = atUs;
    return nextUs;
  }

  /** Takes what has arrived, in order. */
  land(nowUs: number): readonly Flight[] {
    const arrived = this.#flights.filter(({ atUs }) => atUs <= nowUs);
    if (arrived.length === 0) return arrived;
    const waiting = this.#flights.filter(({ atUs }) => atUs > nowUs);
    this.#flights.length = 0;
    this.#flights.push(...waiting);
    return arrived.sort((a, b) => a.atUs - b.atUs || a.order - b.order);
  }

  #push(packet: Uint8Array, toServer: boolean, atUs: number): void {
    this.#flights.push({ atUs, order: this.#order++, toServer, packet });
  }

  #delayUs(): number {
    const { delayMs = 10, jitterMs = 0 } = this.#options;
    return Math.max(0, delayMs + (this.#random() * 2 - 1) * jitterMs) * 1000;
  }
}

/** Made-up time: whatever is due runs, and then time goes on to what is due next. */
export class MadeUpTime {
  nowUs = 5_000_000;
  #rounds = 0;

  /** Moves on to `nextUs`. Throws when time stands still: something says again and again that it is due. */
  moveTo(nextUs: number): number {
    // Real timers do not fire at the microsecond.
    const nowUs = Math.max(this.nowUs, Math.ceil(nextUs / 100) * 100);
    this.#rounds = nowUs > this.nowUs ? 0 : this.#rounds + 1;
    if (this.#rounds > 1000) throw new Error(`time stands still at ${nowUs} µs`);
    this.nowUs = nowUs;
    return nowUs;
  }
}
