import { MillraceError } from "@millrace/model";

/** A configuration record was asked for that the parameter sets or fields given cannot make. */
export function unbuildable(what: string, why: string): MillraceError {
  return new MillraceError("codec.unbuildable", `cannot build ${what}: ${why}`, { kind: "bug" });
}
