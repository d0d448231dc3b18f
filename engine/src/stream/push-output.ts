import type { Details, PushConfig } from "@millrace/model";
import type { Logger, Sink } from "../api.ts";
import { messageOf } from "../errors.ts";
import type { LaneReader } from "../lane/reader.ts";
import { hidePassword } from "./input.ts";

const FIRST_BACKOFF_MS = 1000;
const LAST_BACKOFF_MS = 10_000;
/** Pauses differ by up to this part of themselves, so that what failed together does not come back together. */
const JITTER = 0.25;

export interface PushOutputOptions {
  readonly config: PushConfig;
  readonly open: () => Sink;
  readonly read: (sink: Sink) => LaneReader;
  readonly log: Logger;
}

/** One push: runs its sink, and again when it fails, with pauses that grow while no media gets through. */
export class PushOutput {
  readonly config: PushConfig;
  readonly #options: PushOutputOptions;
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;
  #sink: Sink | undefined;
  retries = 0;
  lastError: string | undefined;

  constructor(options: PushOutputOptions) {
    this.config = options.config;
    this.#options = options;
    this.#done = this.#run();
  }

  describe(): Details {
    return {
      url: hidePassword(this.config.url),
      retries: this.retries,
      ...(this.lastError === undefined ? {} : { lastError: this.lastError }),
      ...this.#sink?.describe?.(),
    };
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    let backoffMs = FIRST_BACKOFF_MS;
    while (!signal.aborted) {
      let flowed = false;
      let reader: LaneReader | undefined;
      try {
        const sink = this.#options.open();
        this.#sink = sink;
        reader = this.#options.read(sink);
        const from = reader.position;
        await sink.run(reader, signal).finally(() => (flowed = reader?.position !== from));
        if (!signal.aborted) this.lastError = "the receiver ended the connection";
      } catch (error) {
        this.lastError = messageOf(error);
      } finally {
        reader?.close();
      }
      if (signal.aborted) return;
      this.retries++;
      if (flowed) backoffMs = FIRST_BACKOFF_MS;
      const retryMs = Math.round(backoffMs * (1 + JITTER * (2 * Math.random() - 1)));
      this.#options.log.warn("push failed", {
        push: hidePassword(this.config.url),
        reason: this.lastError,
        retryMs,
      });
      await pause(retryMs, signal);
      backoffMs = Math.min(backoffMs * 2, LAST_BACKOFF_MS);
    }
  }
}

/** Resolves after the time, or at once when aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
