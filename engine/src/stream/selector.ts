import type { Input } from "./input.ts";

/** A better input that failed is tried again this often while a worse one is on air, milliseconds. */
const RECHECK_MS = 5000;
/** At first start the next input is tried beside one that gave no media for so long. */
const IMPATIENCE_NS = 10e9;

/**
 * Decides which inputs run. The one on air is the best that delivers: priority 1 before 2, the backup last, publishers
 * when they come. Nothing here touches media: inputs offer themselves (`mayGoOnAir`) and are told to start or stop.
 */
export class Selector {
  #inputs: Input[] = [];
  active: Input | undefined;
  readonly #nowNs: () => number;

  constructor(nowNs: () => number) {
    this.#nowNs = nowNs;
  }

  get inputs(): readonly Input[] {
    return this.#inputs;
  }

  setInputs(inputs: readonly Input[]): void {
    this.#inputs = [...inputs].sort((a, b) => rank(a) - rank(b));
    if (this.active !== undefined && !this.#inputs.includes(this.active)) this.active = undefined;
  }

  /** Whether this input, which has media to show, should be on air now. */
  mayGoOnAir(input: Input): boolean {
    const { active } = this;
    if (active === undefined || active === input) return true;
    return rank(input) < rank(active);
  }

  /** Called several times a second, and whenever an input stopped. */
  tick(): void {
    const now = this.#nowNs();
    this.#dropSilent(now);
    if (this.active === undefined) this.#startSome(now);
    else this.#recheckBetter(now, this.active);
    this.#stopWorse();
  }

  #dropSilent(now: number): void {
    for (const input of this.#inputs) {
      if (!input.live) continue;
      const since = Math.max(input.lastDataNs, input.startedNs);
      if (now - since <= input.timeoutNs) continue;
      if (input === this.active) this.active = undefined;
      const retryNs = this.active === undefined ? 0 : RECHECK_MS * 1e6;
      void input.stop(`no media for ${input.config.sourceTimeoutMs} ms`);
      input.nextTryNs = Math.max(input.nextTryNs, now + retryNs);
    }
    if (this.active !== undefined && !this.active.live) this.active = undefined;
  }

  /** Nothing on air: the best input that may be tried runs; the next one beside it when it takes too long. */
  #startSome(now: number): void {
    for (const input of this.#inputs) {
      if (input.passive && !input.live) continue;
      if (input.live) {
        const patienceNs = input.retries === 0 ? IMPATIENCE_NS : 0;
        const hopeful = input.state === "alive" || now - input.startedNs < patienceNs;
        if (hopeful && !input.isBackup) return;
        continue;
      }
      if (now < input.nextTryNs) continue;
      input.start();
      // The backup runs beside the attempts to get a real one.
      if (!input.isBackup) return;
    }
  }

  #recheckBetter(now: number, active: Input): void {
    for (const input of this.#inputs) {
      if (rank(input) >= rank(active)) return;
      if (input.live || input.passive || now < input.nextTryNs) continue;
      input.start();
    }
  }

  /** Inputs worse than the one on air have no reason to run. */
  #stopWorse(): void {
    const { active } = this;
    if (active === undefined) return;
    for (const input of this.#inputs) {
      if (input !== active && input.live && !input.passive && rank(input) >= rank(active)) void input.stop();
    }
  }
}

/** Order of preference; equal ranks are not checked against each other. */
function rank(input: Input): number {
  return input.isBackup ? Number.MAX_SAFE_INTEGER : input.config.priority;
}
