import { refusal } from "@millrace/engine";
import type { MillraceError } from "@millrace/model";

/** No segment was finished in time: the input delivers nothing. */
export function dashNotReady(stream: string): MillraceError {
  return refusal("unavailable", `stream "${stream}" has no segment yet`);
}
