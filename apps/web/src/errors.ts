import { MillraceError } from "@millrace/model";

/** A file that the pages need is not installed. */
export function assetMissing(name: string, cause: unknown): MillraceError {
  return new MillraceError("asset-missing", `${name} is missing: the player cannot work without it`, {
    kind: "bug",
    cause,
  });
}
