/** The three kinds of failure; they are never mixed. */
export type FailureKind = "violation" | "damaged" | "bug";

/**
 * An error with a code that programs can test. `violation`: the peer broke the protocol, its session ends.
 * `damaged`: the media is broken, it is counted and the stream goes on.
 */
export class MillraceError extends Error {
  readonly code: string;
  readonly kind: FailureKind;

  constructor(code: string, message: string, options: { kind?: FailureKind; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "MillraceError";
    this.code = code;
    this.kind = options.kind ?? "violation";
  }
}
