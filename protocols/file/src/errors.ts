import { MillraceError } from "@millrace/model";

/** The URL or an option of it makes no sense. */
export function badUrl(url: string, why: string): MillraceError {
  return new MillraceError("bad-url", `${url}: ${why}`);
}

/** The file cannot be read. */
export function cannotRead(path: string, cause: unknown): MillraceError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const hints: Readonly<Record<string, string>> = {
    ENOENT: "there is no such file",
    EACCES: "not allowed to read it",
    EISDIR: "it is a directory",
  };
  const reason = hints[code] ?? (cause instanceof Error ? cause.message : String(cause));
  return new MillraceError("file.unreadable", `cannot read ${path}: ${reason}`, { cause });
}

/** There are no transport-stream packets in the file. */
export function notTransportStream(path: string): MillraceError {
  return new MillraceError("file.not-ts", `${path} is no MPEG transport stream`);
}
