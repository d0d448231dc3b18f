import type { Source, SourceContext, StreamWriter } from "@millrace/engine";
import { runEncoderProcess } from "./encoder-process.ts";
import { playLoop } from "./loop-player.ts";
import type { ClockSettings } from "./settings.ts";

/** The clock as an input of a stream: encoded live, or the pre-encoded loop where FFmpeg is not installed. */
export class FakeSource implements Source {
  readonly lane = "ts";
  readonly #settings: ClockSettings;
  readonly #context: SourceContext;

  constructor(settings: ClockSettings, context: SourceContext) {
    this.#settings = settings;
    this.#context = context;
  }

  async run(into: StreamWriter, signal: AbortSignal): Promise<void> {
    const end = await runEncoderProcess(this.#settings, into, signal);
    if (end === "aborted") return;
    this.#context.log.info(
      "node-av is not installed: fake:// plays a pre-encoded loop, its options do not apply",
    );
    await playLoop(into, this.#context.clock, signal);
  }
}
