import type { Source, StreamWriter } from "../api.ts";
import type { LaneReader } from "../lane/reader.ts";

/** A source that reads what a publisher's worker writes into a lane of its own. */
export class PipeSource implements Source {
  readonly lane = "ts";
  readonly #reader: LaneReader;

  constructor(reader: LaneReader) {
    this.#reader = reader;
  }

  run(into: StreamWriter, signal: AbortSignal): Promise<void> {
    const reader = this.#reader;
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener("abort", done);
        reader.close();
        resolve();
      };
      const pump = (): void => {
        reader.drain((bytes) => into.ts(bytes));
        if (reader.ended) done();
      };
      signal.addEventListener("abort", done, { once: true });
      reader.onReadable = pump;
      pump();
      if (signal.aborted) done();
    });
  }
}

/** A source fed by a publisher whose connection the stream's own worker serves: nothing lies in between. */
export class DirectSource implements Source {
  readonly lane = "ts";
  #into: StreamWriter | undefined;
  #finish: (() => void) | undefined;
  /** The stream wants no more, or the publisher ended. */
  onEnd: (() => void) | undefined;

  run(into: StreamWriter, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener("abort", done);
        this.#into = undefined;
        this.#finish = undefined;
        resolve();
        this.onEnd?.();
      };
      this.#into = into;
      this.#finish = done;
      signal.addEventListener("abort", done, { once: true });
      if (signal.aborted) done();
    });
  }

  write(bytes: Uint8Array): void {
    this.#into?.ts(bytes);
  }

  end(): void {
    this.#finish?.();
  }
}
