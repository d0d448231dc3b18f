import type { Span } from "../memory/span.ts";

/** A document: text, or bytes that lie in shared memory behind an optional head. */
export interface ShelfItem {
  /** Media type. */
  readonly type: string;
  readonly text?: string;
  readonly head?: Uint8Array;
  readonly spans?: readonly Span[];
  /** Small facts that the format's routes need (durations, numbers). */
  readonly facts?: Readonly<Record<string, number | string>>;
  /** Larger facts, of a shape that the packaging and its readers agree on. Anything that can be cloned to another thread. */
  readonly data?: unknown;
}

export type ShelfChange = { readonly key: string; readonly item: ShelfItem | undefined };

/** Somebody who waits for the documents to be as they should. */
interface Waiter {
  readonly condition: () => boolean;
  readonly untilMs: number;
  readonly resolve: () => void;
}

/** The documents of one packaging, as any worker sees them. */
export class ShelfReader {
  readonly #items: Map<string, ShelfItem>;
  readonly #waiters = new Set<() => void>();
  #conditional: Waiter[] = [];
  /** For the first of them whose time is over. */
  #timer: NodeJS.Timeout | undefined;
  #timerMs = Number.POSITIVE_INFINITY;
  readonly #followers = new Set<(changes: readonly ShelfChange[]) => void>();
  #closed = false;

  constructor(items: Iterable<readonly [string, ShelfItem]> = []) {
    this.#items = new Map(items);
  }

  /** The stream stopped, or its worker died: ask the runtime for the shelf again. */
  get closed(): boolean {
    return this.#closed;
  }

  get(key: string): ShelfItem | undefined {
    return this.#items.get(key);
  }

  keys(): string[] {
    return [...this.#items.keys()];
  }

  entries(): [string, ShelfItem][] {
    return [...this.#items.entries()];
  }

  /** Calls back with all documents now, and with every change from now on, until the shelf closes. */
  follow(follower: (changes: readonly ShelfChange[]) => void): void {
    follower(this.entries().map(([key, item]) => ({ key, item })));
    if (!this.#closed) this.#followers.add(follower);
  }

  /** Resolves at the next change, when the shelf closes, or after `timeoutMs`. */
  changed(timeoutMs: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiters.add(done);
    });
  }

  /**
   * Resolves when the condition holds, which is looked at after each change, when the shelf closes, or after `timeoutMs`. It
   * must not throw.
   */
  until(condition: () => boolean, timeoutMs: number): Promise<void> {
    if (this.#closed || condition()) return Promise.resolve();
    return new Promise((resolve) => {
      const untilMs = performance.now() + timeoutMs;
      this.#conditional.push({ condition, untilMs, resolve });
      this.#arm(untilMs);
    });
  }

  apply(changes: readonly ShelfChange[]): void {
    for (const { key, item } of changes) {
      if (item === undefined) this.#items.delete(key);
      else this.#items.set(key, item);
    }
    for (const follower of this.#followers) follower(changes);
    this.#notify();
  }

  close(): void {
    this.#closed = true;
    this.#followers.clear();
    this.#notify();
  }

  #notify(): void {
    for (const done of [...this.#waiters]) done();
    this.#wake((waiter) => this.#closed || waiter.condition());
    if (this.#conditional.length > 0) return;
    clearTimeout(this.#timer);
    this.#timerMs = Number.POSITIVE_INFINITY;
  }

  #arm(untilMs: number): void {
    if (untilMs >= this.#timerMs) return;
    clearTimeout(this.#timer);
    this.#timerMs = untilMs;
    this.#timer = setTimeout(() => this.#expire(), Math.max(0, Math.ceil(untilMs - performance.now())));
  }

  #expire(): void {
    this.#timerMs = Number.POSITIVE_INFINITY;
    const nowMs = performance.now();
    this.#wake((waiter) => waiter.untilMs <= nowMs);
    const nextMs = this.#conditional.reduce((least, { untilMs }) => Math.min(least, untilMs), this.#timerMs);
    if (Number.isFinite(nextMs)) this.#arm(nextMs);
  }

  #wake(isDue: (waiter: Waiter) => boolean): void {
    const waiting = this.#conditional;
    if (waiting.length === 0) return;
    const left: Waiter[] = [];
    for (const waiter of waiting) {
      if (isDue(waiter)) waiter.resolve();
      else left.push(waiter);
    }
    this.#conditional = left;
  }
}

/** The owner's side. Changes made together travel together. */
export class ShelfWriter {
  readonly local = new ShelfReader();
  /** Tells the other workers. */
  onChange: ((changes: readonly ShelfChange[]) => void) | undefined;
  onClose: (() => void) | undefined;

  /** Puts and removes (`item: undefined`) several documents at once. */
  update(changes: readonly ShelfChange[]): void {
    if (this.local.closed || changes.length === 0) return;
    this.local.apply(changes);
    this.onChange?.(changes);
  }

  put(key: string, item: ShelfItem): void {
    this.update([{ key, item }]);
  }

  remove(key: string): void {
    this.update([{ key, item: undefined }]);
  }

  close(): void {
    if (this.local.closed) return;
    this.local.close();
    this.onClose?.();
  }
}
