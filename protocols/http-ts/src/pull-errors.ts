import { type HttpFailures, httpFailures } from "@millrace/engine";

/** `http-ts.connection`, `http-ts.timeout`, and `http-ts.answer` for what is no transport stream. */
export const { connectionFailed, timedOut, badAnswer }: HttpFailures = httpFailures("http-ts");
