import { MillraceError } from "@millrace/model";

export function noSuchSegment(name: string): MillraceError {
  return new MillraceError("not-found", `there is no segment "${name}": it is too old, or not there yet`);
}
