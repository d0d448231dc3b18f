/** Least acknowledgements of packets that were never sent, in a row, before the time counts since the first. */
const LEAST = 10;

/** Notices a peer that acknowledges nothing but packets that were never sent: with it there is no getting on. */
export class StrangeAcks {
  readonly #patienceUs: number;
  #count = 0;
  #sinceUs = 0;

  constructor(patienceUs: number) {
    this.#patienceUs = patienceUs;
  }

  /** One more. True when there were too many, for too long. */
  note(nowUs: number): boolean {
    if (this.#count++ === 0) this.#sinceUs = nowUs;
    return this.#count > LEAST && nowUs - this.#sinceUs > this.#patienceUs;
  }

  /** A good one came. */
  clear(): void {
    this.#count = 0;
  }
}
