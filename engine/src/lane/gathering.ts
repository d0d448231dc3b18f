/** When what arrived is written to the members of a fan-out: few large writes, or none that waits. */
export interface Gathering {
  /** How long the first of what gathers may wait with so many members, milliseconds; 0: nothing waits. */
  readonly waitMs: (members: number) => number;
  /** So much is written at once. */
  readonly mostBytes: number;
  /** So much is written at once if the last write was half of the time ago: a picture, which others wait for. */
  readonly eagerBytes: number;
}

const SOME_MS = 40;
/** Two pictures of a stream with 25 a second are one write then. */
const MANY_MS = 100;
const MOST_BYTES = 64 * 1024;
/** More than a frame of sound. */
const EAGER_BYTES = 4 * 1024;
/** So many cost next to nothing, however often they are written to. */
const FEW_MEMBERS = 8;
/** From so many on writes take most of the time there is. */
const MANY_MEMBERS = 100;

/** Nothing waits, whatever it costs. */
export const FOR_LATENCY: Gathering = { waitMs: () => 0, mostBytes: 0, eagerBytes: 0 };

/** Few and large writes, however few the members are. */
export const FOR_THROUGHPUT: Gathering = {
  waitMs: () => MANY_MS,
  mostBytes: MOST_BYTES,
  eagerBytes: EAGER_BYTES,
};

/** With few members nothing waits; with some, sound waits for the next picture; with many it is for throughput. */
export const AUTOMATIC: Gathering = {
  ...FOR_THROUGHPUT,
  waitMs: (members) => (members <= FEW_MEMBERS ? 0 : members < MANY_MEMBERS ? SOME_MS : MANY_MS),
};
