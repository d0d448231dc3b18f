import type { Source, StreamWriter } from "@millrace/engine";
import { filterTs } from "@millrace/mpegts";
import type { TcpSettings } from "./config.ts";
import { dialTcp } from "./dial.ts";
import { listenTcp } from "./listen.ts";

/** Transport stream over a bare TCP connection as an input of a stream. */
export class TcpSource implements Source {
  readonly lane = "ts";
  readonly #settings: TcpSettings;

  constructor(settings: TcpSettings) {
    this.#settings = settings;
  }

  run(into: StreamWriter, signal: AbortSignal): Promise<void> {
    const settings = this.#settings;
    const target = filterTs(into, settings.filter);
    const onBytes = (bytes: Uint8Array): void => target.ts(bytes);
    if (settings.mode === "caller") return dialTcp(settings, { onBytes, signal });
    return listenTcp(settings, {
      onBytes,
      signal,
      onGone: () => into.discontinuity(),
      onRefused: () => into.count("refused"),
    });
  }
}
