import type { MessagePort } from "node:worker_threads";
import { MillraceError } from "@millrace/model";
import { codeOf, messageOf } from "../errors.ts";

/** Somebody who asked. */
interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Messages between two workers besides the doorbell. */
type BusMessage =
  | { readonly t: "ask"; readonly id: number; readonly method: string; readonly argument: unknown }
  | {
      readonly t: "answer";
      readonly id: number;
      readonly value?: unknown;
      readonly error?: { code: string; text: string };
    }
  | { readonly t: "tell"; readonly topic: string; readonly value: unknown };

/** The number 0 is the doorbell: the smallest message there is. */
const BELL = 0;

export interface PeerEvents {
  /** Answers a question of the peer. */
  onAsk(method: string, argument: unknown): unknown;
  onTell(topic: string, value: unknown): void;
  /** Lanes of the peer moved on. */
  onBell(): void;
  onClose(): void;
}

/** What the supervisor gives the two sides of a pair. */
export interface PeerLink {
  readonly port: MessagePort;
  /** Two flags: bell rung by the lower-numbered side, and by the other. */
  readonly bells: SharedArrayBuffer;
  /** Which flag is ours to set: 0 or 1. */
  readonly side: 0 | 1;
  /** The other side's incarnation: owner of the memory that it announces. */
  readonly incarnation: number;
}

/**
 * The line to one other worker. Small questions, small news, and a doorbell that is rung at most once until the other
 * side has answered it, however many lanes move.
 */
export class Peer {
  readonly index: number;
  readonly incarnation: number;
  readonly #port: MessagePort;
  readonly #bells: Int32Array;
  readonly #mine: number;
  readonly #theirs: number;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #closed = false;

  constructor(index: number, link: PeerLink, events: PeerEvents) {
    this.index = index;
    this.incarnation = link.incarnation;
    this.#port = link.port;
    this.#bells = new Int32Array(link.bells);
    this.#mine = link.side;
    this.#theirs = 1 - link.side;
    link.port.on("message", (message: BusMessage | typeof BELL) => {
      if (message === BELL) {
        Atomics.store(this.#bells, this.#theirs, 0);
        events.onBell();
      } else {
        this.#receive(message, events);
      }
    });
    link.port.on("close", () => {
      this.close();
      events.onClose();
    });
  }

  ring(): void {
    if (Atomics.exchange(this.#bells, this.#mine, 1) === 0) this.#port.postMessage(BELL);
  }

  tell(topic: string, value: unknown): void {
    this.#port.postMessage({ t: "tell", topic, value } satisfies BusMessage);
  }

  ask(method: string, argument: unknown): Promise<unknown> {
    if (this.#closed) return Promise.reject(lostWorker());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#port.postMessage({ t: "ask", id, method, argument } satisfies BusMessage);
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#port.close();
    for (const { reject } of this.#waiting.values()) reject(lostWorker());
    this.#waiting.clear();
  }

  #receive(message: BusMessage, events: PeerEvents): void {
    if (message.t === "tell") {
      events.onTell(message.topic, message.value);
    } else if (message.t === "ask") {
      void this.#answer(message.id, () => events.onAsk(message.method, message.argument));
    } else {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.error === undefined) waiting?.resolve(message.value);
      else waiting?.reject(new MillraceError(message.error.code, message.error.text));
    }
  }

  async #answer(id: number, work: () => unknown): Promise<void> {
    let answer: BusMessage;
    try {
      const value = work();
      // Without a turn in between when there is nothing to wait for: news sent after an answer must arrive after it.
      answer = { t: "answer", id, value: value instanceof Promise ? await value : value };
    } catch (error) {
      answer = { t: "answer", id, error: { code: codeOf(error) ?? "unavailable", text: messageOf(error) } };
    }
    if (!this.#closed) this.#port.postMessage(answer);
  }
}

function lostWorker(): MillraceError {
  return new MillraceError("unavailable", "the worker that owns the stream is restarting");
}
