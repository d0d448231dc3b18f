import { refusal } from "@millrace/engine";
import type { MillraceError } from "@millrace/model";

/** No segment was finished in time, or the stream has nothing that the format can carry. */
export function smoothNotReady(stream: string): MillraceError {
  return refusal("unavailable", `stream "${stream}" has no segment of H.264 or AAC yet`);
}

/** It was never there, or is too old. */
export function noSuchFragment(name: string): MillraceError {
  return refusal("not-found", `no fragment ${name}`);
}
