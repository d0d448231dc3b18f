import type { FilterConfig } from "./config.ts";

const SEQUENCE_MASK = 0x7fff_ffff;

/** The distance from `from` to `to` on the circle of 31-bit sequence numbers: −2³⁰ to 2³⁰ − 1. */
export function sequenceDistance(from: number, to: number): number {
  return ((to - from) << 1) >> 1;
}

/** The number of the message `distance` after (or before) `message`, of 26 bits without 0. */
export function messageAfter(message: number, distance: number): number {
  const cycle = 0x3ff_ffff;
  return ((((message - 1 + distance) % cycle) + cycle) % cycle) + 1;
}

/**
 * Which packets make a row and which a column. Packets are counted from the connection's first sequence number on, in
 * numbers that never wrap. Column `c` begins with packet `c`, in the staircase layout `c mod rows` rows lower; every
 * `rows` rows, the next group of that column begins.
 */
export class Geometry {
  readonly cols: number;
  /** Packets of a column; 1 means that there are none. */
  readonly rows: number;
  readonly hasRows: boolean;
  readonly hasColumns: boolean;
  readonly #staircase: boolean;

  constructor(config: FilterConfig) {
    this.cols = config.cols;
    this.rows = Math.abs(config.rows);
    this.hasRows = config.rows > 0;
    this.hasColumns = this.rows > 1;
    this.#staircase = config.layout === "staircase";
  }

  row(packet: number): number {
    return Math.floor(packet / this.cols);
  }

  column(packet: number): number {
    return packet % this.cols;
  }

  /** Where the packet lies in its column, counted from the start of the column's first group; negative before it. */
  depth(packet: number): number {
    const column = packet % this.cols;
    return Math.floor(packet / this.cols) - this.#shift(column);
  }

  /** The packet at a depth. */
  at(column: number, depth: number): number {
    return (depth + this.#shift(column)) * this.cols + column;
  }

  #shift(column: number): number {
    return this.#staircase ? column % this.rows : 0;
  }
}

/** A sequence number `distance` after another. */
export function sequenceAfter(sequence: number, distance: number): number {
  // `distance` may have more than 32 bits, and the sum is exact.
  return (sequence + distance) % (SEQUENCE_MASK + 1);
}
