import { type HttpFailures, httpFailures } from "@millrace/engine";
import { MillraceError } from "@millrace/model";

/** `hls.connection`, `hls.timeout`, and `hls.answer` for what is of no use. */
export const { connectionFailed, timedOut, badAnswer }: HttpFailures = httpFailures("hls");

/** The server answered with a status other than success. */
export class BadStatus extends MillraceError {
  readonly status: number;

  constructor(url: string, status: number, text: string) {
    super("hls.answer", `${url}: the server answered ${status} ${text}`.trimEnd());
    this.status = status;
  }
}

/** Something is larger than it may be. */
export function tooLarge(what: string, maxBytes: number): MillraceError {
  return new MillraceError("hls.too-large", `${what} is larger than ${maxBytes / 2 ** 20} MiB`);
}

/** The playlist stays as it is. */
export function stalled(seconds: number): MillraceError {
  return new MillraceError("hls.stalled", `the playlist has not changed for ${seconds} s`);
}

/** Media that cannot be decrypted here. */
export function cannotDecrypt(why: string): MillraceError {
  return new MillraceError("hls.encrypted", why);
}

/** The playlist, or the media, is of a kind that cannot be played here. */
export function unsupported(why: string): MillraceError {
  return new MillraceError("hls.unsupported", why);
}

/** One segment after the other cannot be had. */
export function segmentsLost(count: number, cause: unknown): MillraceError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MillraceError("hls.segments", `${count} segments in a row cannot be had: ${why}`, { cause });
}
