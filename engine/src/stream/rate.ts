/** Bits a second over the last few seconds, from a byte counter looked at now and then. */
export class Rate {
  readonly #samples: { ns: number; bytes: number }[] = [];
  readonly #spanNs: number;
  bitrate = 0;

  constructor(spanMs = 4000) {
    this.#spanNs = spanMs * 1e6;
  }

  tick(bytes: number, ns: number): void {
    const last = this.#samples[this.#samples.length - 1];
    if (last !== undefined && ns - last.ns < 4e8) return;
    this.#samples.push({ ns, bytes });
    while (this.#samples.length > 2 && ns - (this.#samples[0]?.ns ?? ns) > this.#spanNs)
      this.#samples.shift();
    const first = this.#samples[0];
    if (first === undefined || ns <= first.ns) return;
    this.bitrate = Math.round(((bytes - first.bytes) * 8e9) / (ns - first.ns));
  }
}
