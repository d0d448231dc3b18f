import { refusal } from "@millrace/engine";
import type { MillraceError } from "@millrace/model";

/** No segment was finished in time: the input delivers nothing. */
export function hlsNotReady(stream: string): MillraceError {
  return refusal("unavailable", `stream "${stream}" has no segment yet`);
}

/** It was never there, or is too old. */
export function noSuchSegment(name: string): MillraceError {
  return refusal("not-found", `no segment ${name}`);
}

export function noSuchStream(stream: string): MillraceError {
  return refusal("not-found", `there is no stream "${stream}"`);
}
