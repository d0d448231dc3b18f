import { setTimeout as sleep } from "node:timers/promises";
import { MillraceError } from "@millrace/model";
import { BadStatus } from "./errors.ts";

const FIRST_MS = 250;
const LAST_MS = 4000;
/** What is not there yet, on servers whose caches are behind their playlists, is asked for once more. */
const MISSING_RETRIES = 1;

/** Whether asking again may help: the line broke, or the server is busy (RFC 9110 §15.5.9, §15.6). */
function mayHelp(error: unknown, attempt: number, missing: boolean): boolean {
  if (error instanceof BadStatus) {
    if (error.status === 404 || error.status === 410) return missing && attempt < MISSING_RETRIES;
    return error.status >= 500 || error.status === 408 || error.status === 425 || error.status === 429;
  }
  return error instanceof MillraceError && (error.code === "hls.connection" || error.code === "hls.timeout");
}

export interface RetryOptions {
  readonly retries: number;
  readonly signal: AbortSignal;
  /** What is not there may come. */
  readonly missing?: boolean;
  readonly onRetry: () => void;
}

/** Asks up to `retries` more times, with pauses that double. Rejects with the last failure, or when aborted. */
export async function retrying<T>(ask: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { retries, signal, missing = false, onRetry } = options;
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (signal.aborted || attempt >= retries || !mayHelp(error, attempt, missing)) throw error;
      onRetry();
      await sleep(Math.min(FIRST_MS * 2 ** attempt, LAST_MS), undefined, { signal });
    }
  }
}
