import { MillraceError } from "@millrace/model";

/** A packet filter that cannot be: `message` says what is wrong with its text. */
export function badFilter(message: string): MillraceError {
  return new MillraceError("srt.bad-filter", message);
}
