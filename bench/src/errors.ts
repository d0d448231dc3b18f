import { MillraceError } from "@millrace/model";

/** `bench.tool`: a program that is measured or measures is missing or fails. `bench.usage`: a bad call. */
export class BenchError extends MillraceError {
  constructor(code: "bench.tool" | "bench.usage", message: string) {
    super(code, message);
    this.name = "BenchError";
  }
}
