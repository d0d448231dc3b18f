/** What is opened belongs to one, a test or a run of a program, and is closed when it ends. */
export interface Scope {
  after(stop: () => unknown): void;
  /** It cannot be done here: says why. */
  skip(why: string): void;
}
