import type { Source, SourceContext, StreamWriter } from "@millrace/engine";
import { filterTs } from "@millrace/mpegts";
import type { FileSettings } from "./config.ts";
import { FilePlayer } from "./player.ts";

/** A transport-stream file as an input of a stream. */
export class FileSource implements Source {
  readonly lane = "ts";
  readonly #settings: FileSettings;
  readonly #context: SourceContext;

  constructor(settings: FileSettings, context: SourceContext) {
    this.#settings = settings;
    this.#context = context;
  }

  run(into: StreamWriter, signal: AbortSignal): Promise<void> {
    const filtered = filterTs(into, this.#settings.filter);
    const target = {
      ts: (bytes: Uint8Array) => filtered.ts(bytes),
      count: (name: string, by?: number) => into.count(name, by),
    };
    return new FilePlayer(this.#settings, this.#context.clock, target).play(signal);
  }
}
