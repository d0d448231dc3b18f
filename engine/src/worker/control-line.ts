import type { MessagePort } from "node:worker_threads";
import { MillraceError } from "@millrace/model";
import type { LogFields, Logger } from "../api.ts";
import type { FromWorker, LogLevel, ToWorker } from "./protocol.ts";

/** Somebody who asked. */
interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The worker's end of the line to the control thread. */
export class ControlLine {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;

  constructor(port: MessagePort, onMessage: (message: ToWorker) => void) {
    this.#port = port;
    port.on("message", (message: ToWorker) => {
      if (message.t !== "answer") return onMessage(message);
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.error === undefined) waiting?.resolve(message.value);
      else waiting?.reject(new MillraceError(message.error.code, message.error.text));
    });
  }

  send(message: FromWorker): void {
    this.#port.postMessage(message);
  }

  ask(question: string, argument?: string): Promise<unknown> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.send({ t: "ask", id, question, ...(argument === undefined ? {} : { argument }) });
    });
  }

  close(): void {
    this.#port.close();
  }

  /** A logger whose lines the control thread writes. */
  logger(fields: LogFields): Logger {
    const line =
      (level: LogLevel) =>
      (message: string, more: LogFields = {}): void => {
        this.send({ t: "log", level, message, fields: { ...fields, ...more } });
      };
    return {
      debug: line("debug"),
      info: line("info"),
      warn: line("warn"),
      error: line("error"),
      child: (more) => this.logger({ ...fields, ...more }),
    };
  }
}
