import { MillraceError } from "@millrace/model";

/** Codes of what is wrong with AMF bytes, or with values that were to be written. */
export type AmfProblemCode =
  | "flv.amf-truncated"
  | "flv.amf-marker"
  | "flv.amf-depth"
  | "flv.amf-size"
  | "flv.amf-reference"
  | "flv.amf-externalizable"
  | "flv.amf-value";

/** AMF that cannot be read, or a value that AMF cannot carry. A violation. */
export class AmfProblem extends MillraceError {
  declare readonly code: AmfProblemCode;

  constructor(code: AmfProblemCode, message: string) {
    super(code, message);
    this.name = "AmfProblem";
  }
}

/** Codes of what is wrong with an FLV byte stream. */
export type FlvProblemCode = "flv.signature" | "flv.tag-type" | "flv.tag-size" | "flv.track" | "flv.codec";

/** A byte stream that is not FLV (any more): a violation. Or a body that cannot be made of what was given. */
export class FlvProblem extends MillraceError {
  declare readonly code: FlvProblemCode;

  constructor(code: FlvProblemCode, message: string) {
    super(code, message);
    this.name = "FlvProblem";
  }
}
