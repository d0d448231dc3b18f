import type { Details, PushConfig } from "@millrace/model";
import type { Logger, Sink } from "../api.ts";
import type { LaneReader } from "../lane/reader.ts";
import { differs } from "./differs.ts";
import { PushOutput } from "./push-output.ts";

export interface PushOutputsOptions {
  readonly open: (config: PushConfig) => Sink;
  readonly read: (sink: Sink) => LaneReader;
  readonly log: Logger;
}

/** The pushes of a stream. */
export class PushOutputs {
  readonly #options: PushOutputsOptions;
  #running: PushOutput[] = [];

  constructor(options: PushOutputsOptions) {
    this.#options = options;
  }

  start(config: PushConfig): void {
    const { open, read, log } = this.#options;
    this.#running.push(new PushOutput({ config, open: () => open(config), read, log }));
  }

  /** Ends those that are not among `configs`, then starts those that are new. */
  async update(configs: readonly PushConfig[]): Promise<void> {
    const gone = this.#running.filter((push) => !configs.some((wanted) => !differs(wanted, push.config)));
    this.#running = this.#running.filter((push) => !gone.includes(push));
    await Promise.all(gone.map((push) => push.stop()));
    for (const config of configs) {
      if (!this.#running.some((push) => !differs(push.config, config))) this.start(config);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.map((push) => push.stop()));
  }

  describe(): Details[] {
    return this.#running.map((push) => push.describe());
  }
}
