import type { ServerConfig } from "@millrace/model";
import type { Listener, Logger } from "../api.ts";
import { messageOf } from "../errors.ts";

/** Somebody who opens ports, and its name for the log. */
export interface NamedListener {
  readonly name: string;
  readonly listener: Listener;
}

/** All ports of one worker. Changes are made one after another; of those that wait only the last one counts. */
export class Listeners {
  readonly #log: Logger;
  readonly #listeners: readonly NamedListener[];
  #wanted: ServerConfig | undefined;
  #work: Promise<readonly string[]> | undefined;
  #closed = false;

  constructor(log: Logger, listeners: readonly NamedListener[]) {
    this.#log = log;
    this.#listeners = listeners;
  }

  /**
   * Resolves to what is wrong in plain words when the ports are those of the configuration; to nothing when a later
   * call has overtaken this one, and will say it all.
   */
  async apply(server: ServerConfig): Promise<readonly string[]> {
    this.#wanted = server;
    while (this.#work !== undefined) await this.#work;
    if (this.#wanted !== server || this.#closed) return [];
    this.#wanted = undefined;
    this.#work = this.#applyNow(server);
    const problems = await this.#work;
    this.#work = undefined;
    return problems;
  }

  /** Waits for the change under way; none follows. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#work;
    await Promise.all(this.#listeners.map((each) => this.#close(each)));
  }

  async #applyNow(server: ServerConfig): Promise<readonly string[]> {
    const problems = await Promise.all(
      this.#listeners.map(async ({ name, listener }) => {
        try {
          return await listener.apply(server);
        } catch (error) {
          return [`${name}: ${messageOf(error)}`];
        }
      }),
    );
    return problems.flat();
  }

  async #close({ name, listener }: NamedListener): Promise<void> {
    try {
      await listener.close();
    } catch (error) {
      this.#log.error("a listener did not close", { listener: name, reason: messageOf(error) });
    }
  }
}
