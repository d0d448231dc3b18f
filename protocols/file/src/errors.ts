import { inWords } from "@millrace/engine";
import { MillraceError } from "@millrace/model";

const HINTS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "not allowed to read it",
  EISDIR: "it is a directory",
};

/** The file cannot be read. */
export function cannotRead(path: string, cause: unknown): MillraceError {
  return new MillraceError("file.unreadable", `cannot read ${path}: ${inWords(cause, HINTS)}`, { cause });
}

/** There are no transport-stream packets in the file. */
export function notTransportStream(path: string): MillraceError {
  return new MillraceError("file.not-ts", `${path} is no MPEG transport stream`);
}
