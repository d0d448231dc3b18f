import { type HttpFailures, httpFailures } from "@millrace/engine";

/** `shout.connection`, `shout.timeout`, and `shout.answer` for what is no audio that can be played. */
export const { connectionFailed, timedOut, badAnswer }: HttpFailures = httpFailures("shout");
