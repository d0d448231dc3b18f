import { MillraceError } from "@millrace/model";

/** Nothing was heard of the stream's tracks in time. */
export function noTracksYet(stream: string): MillraceError {
  return new MillraceError("unavailable", `nothing has come of "${stream}" yet`);
}
