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

/** The stream has no such track now. */
export function noSuchTrack(track: string): MillraceError {
  return refusal("not-found", `the stream has no track ${track}`);
}

/** What was asked for cannot be understood. */
export function badRequest(reason: string): MillraceError {
  return refusal("bad-request", reason);
}

/** The playlist is not as long as the client wants it. */
export function tooShort(stream: string, seconds: number): MillraceError {
  return refusal("not-found", `the playlist of "${stream}" is shorter than ${seconds} s`);
}
