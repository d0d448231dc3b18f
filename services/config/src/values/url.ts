/** Schemes whose query is part of the address and goes to the other side; in all others it holds our options. */
const QUERY_IN_URL: ReadonlySet<string> = new Set([
  "http",
  "https",
  "http(s)",
  "tshttp",
  "tshttps",
  "hls",
  "hlss",
  "hls2",
  "rtsp",
  "rtsps",
  "rtsp2",
  "rtmp",
  "rtmps",
  "m4f",
  "m4fs",
  "shout",
  "playlist",
  "ws",
  "wss",
  "whip",
  "whep",
]);

/** The word before `://`, in lower case; `http(s)` is taken as the manuals' way to say either. */
export function schemeOf(url: string): string | undefined {
  return /^([a-z][a-z0-9+.-]*(?:\(s\))?):\/\//i.exec(url)?.[1]?.toLowerCase();
}

export interface QueryOption {
  readonly name: string;
  /** Undefined for a bare word, which is a flag. */
  readonly value: string | undefined;
  /** Characters from the start of the URL. */
  readonly shift: number;
  readonly length: number;
}

/** The options in a URL's query, percent signs decoded; none when the query belongs to the URL. */
export function queryOptions(url: string, scheme: string): readonly QueryOption[] {
  const mark = url.indexOf("?");
  if (mark === -1 || QUERY_IN_URL.has(scheme)) return [];
  const options: QueryOption[] = [];
  let shift = mark + 1;
  for (const part of url.slice(mark + 1).split("&")) {
    const equals = part.indexOf("=");
    const name = decode(equals === -1 ? part : part.slice(0, equals));
    const value = equals === -1 ? undefined : decode(part.slice(equals + 1));
    if (part !== "") options.push({ name, value, shift, length: part.length });
    shift += part.length + 1;
  }
  return options;
}

/** A lone `%` is left as it is: these are texts typed by people. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
