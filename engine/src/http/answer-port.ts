import type { PreparedAnswer } from "./prepared-answer.ts";

/** Where a request is answered, by whichever way it came. */
export interface AnswerPort {
  /** Whether the client is known to be gone. */
  readonly gone: boolean;
  /** The head was sent. */
  readonly begun: boolean;
  /**
   * Sends the whole answer: the body that was prepared, or `parts`, neither of them for HEAD. `over` is called once, when the
   * last byte went to the system or the client is gone: until then parts must not change. A client that takes nothing for
   * 30 s is cut off.
   */
  whole(answer: PreparedAnswer, parts?: readonly Uint8Array[], over?: () => void): void;
  /** Sends the head of an answer whose length is not known; `over` as above. */
  begin(answer: PreparedAnswer, over: () => void): void;
  /** Some of its body; `written` is called when the last part is with the system. Returns the bytes that are not yet. */
  part(parts: readonly Uint8Array[], written: () => void): number;
  /** The answer that was begun is complete. */
  end(): void;
  /** Ends an answer in its middle, so that nobody takes what came for the whole. */
  breakOff(): void;
}
