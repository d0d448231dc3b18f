import { MillraceError } from "@millrace/model";

/** Codes of what is wrong with a file, or with what was to be written. */
export type IsoProblemCode =
  | "isobmff.box-size"
  | "isobmff.box-limit"
  | "isobmff.depth"
  | "isobmff.table"
  | "isobmff.no-movie"
  | "isobmff.no-track"
  | "isobmff.unstorable"
  | "isobmff.too-large";

/** Boxes that cannot be what they say: a violation. Or a file that cannot be made of what was given: a bug. */
export class IsoProblem extends MillraceError {
  declare readonly code: IsoProblemCode;

  constructor(code: IsoProblemCode, message: string, kind: "violation" | "bug" = "violation") {
    super(code, message, { kind });
    this.name = "IsoProblem";
  }
}
