/** What an application and the name of a publish or play command come to. */
export interface StreamName {
  /** The stream's name: segments with one slash between them. */
  readonly name: string;
  /** What stood behind the question mark, `password=…` or `token=…`; empty if there was none. */
  readonly query: string;
}

const MAX_NAME_LENGTH = 255;
const MAX_QUERY_LENGTH = 4096;
/** Applications that stand for none, where software insists on having one. */
const NO_APPLICATION = new Set(["static", "rtmp"]);

function splitQuery(text: string): [path: string, query: string] {
  const mark = text.indexOf("?");
  return mark < 0 ? [text, ""] : [text.slice(0, mark), text.slice(mark + 1)];
}

function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}

/**
 * Joins application and name, as RTMP alone divides what is one name everywhere else: `chats/my` with `chat-15` is the
 * same as `chats` with `my/chat-15`. The applications `static` and `rtmp` are left out. Undefined: no stream can have
 * that name, as it is empty, too long, climbs (`..`), or has backslashes or control characters in it.
 */
export function joinStreamName(app: string, rawName: string): StreamName | undefined {
  const [appPath, appQuery] = splitQuery(app);
  const [namePath, nameQuery] = splitQuery(rawName);
  const appSegments = appPath.split("/").filter((segment) => segment !== "");
  if (NO_APPLICATION.has(appSegments[0] ?? "")) appSegments.shift();
  const segments = [...appSegments, ...namePath.split("/").filter((segment) => segment !== "")];
  const name = segments.join("/");
  const query = [appQuery, nameQuery].filter((part) => part !== "").join("&");
  if (name === "" || name.length > MAX_NAME_LENGTH || query.length > MAX_QUERY_LENGTH) return undefined;
  if (segments.some((segment) => segment === "." || segment === "..")) return undefined;
  if (name.includes("\\") || hasControlCharacter(name) || hasControlCharacter(query)) return undefined;
  if (!name.isWellFormed() || !query.isWellFormed()) return undefined;
  return { name, query };
}
