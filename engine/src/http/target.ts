export interface ParsedTarget {
  /** Decoded, always starting with `/`, without `.` and `..` parts. */
  readonly path: string;
  /** Last value of each parameter. */
  readonly query: Readonly<Record<string, string>>;
}

/** Path and query of a request target; undefined when it cannot be decoded or climbs out. */
export function parseTarget(target: string): ParsedTarget | undefined {
  const [rawPath = "/", rawQuery = ""] = splitOnce(target.replace(/^https?:\/\/[^/]*/i, "") || "/", "?");
  let path: string;
  try {
    path = decodeURIComponent(rawPath);
  } catch {
    return undefined;
  }
  const parts = path.split("/");
  if (!path.startsWith("/") || path.includes("\0") || path.includes("\\")) return undefined;
  if (parts.some((part) => part === "." || part === "..")) return undefined;
  return { path, query: Object.fromEntries(new URLSearchParams(rawQuery)) };
}

function splitOnce(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
