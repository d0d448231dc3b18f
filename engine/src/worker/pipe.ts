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
