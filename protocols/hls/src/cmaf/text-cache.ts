import type { Timeline } from "@millrace/cmaf";

interface Version<T> {
  readonly version: number;
  readonly value: T;
}

/** What is written from a timeline, once for all who ask until it changes. */
export class TimelineCache<T> {
  readonly #values = new WeakMap<Timeline, Map<string, Version<T>>>();

  get(timeline: Timeline, key: string, make: () => T): T {
    let values = this.#values.get(timeline);
    if (values === undefined) this.#values.set(timeline, (values = new Map()));
    const known = values.get(key);
    if (known?.version === timeline.version) return known.value;
    const value = make();
    values.set(key, { version: timeline.version, value });
    return value;
  }
}
