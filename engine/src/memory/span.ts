/** A run of bytes in shared memory, as plain numbers, so that it can travel between workers. */
export interface Span {
  readonly arena: number;
  readonly slab: number;
  /** Which use of the slab is meant: a slab that was reused has a later one. */
  readonly generation: number;
  readonly offset: number;
  readonly length: number;
}
