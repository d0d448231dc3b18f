import { SessionKeys, type SessionKeysOptions } from "./session-keys.ts";

/** Questions of the workers to the control thread. */
export const ISSUE = "sessions.issue";
export const REDEEM = "sessions.redeem";

/** What `REDEEM` asks. */
export interface Redemption {
  readonly session: string;
  readonly stream: string;
}

/** Keeps the keys for all workers; lives in the control thread. */
export class SessionDesk {
  readonly #keys: SessionKeys;

  constructor(options: SessionKeysOptions) {
    this.#keys = new SessionKeys(options);
  }

  /** Answers a worker's question; undefined when it is not for this desk. */
  answer(question: string, argument: string | undefined): string | boolean | undefined {
    if (argument === undefined) return undefined;
    if (question === ISSUE) return this.#keys.issue(argument);
    if (question !== REDEEM) return undefined;
    const { session, stream } = JSON.parse(argument) as Redemption;
    return this.#keys.redeem(session, stream);
  }
}
