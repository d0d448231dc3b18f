import { badUrl } from "../errors.ts";

/** Where a stream is pulled from or pushed to. */
export interface RtmpTarget {
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  readonly app: string;
  /** Name of the stream, with its query. */
  readonly name: string;
  /** The URL that `connect` states: scheme, host, port unless it is the usual one, application. */
  readonly tcUrl: string;
  /** Credentials; empty: none. They are sent only to servers that ask for them, and never as they are. */
  readonly user: string;
  readonly password: string;
}

const PORTS = { rtmp: 1935, rtmps: 443 } as const;
const FORM = /^(rtmps?):\/\/(?:([^/@]*)@)?(\[[0-9a-fA-F:.%]+\]|[^/:@[\]?#]+)(?::(\d{1,5}))?(?:\/(.*))?$/;

function decoded(text: string, url: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badUrl(url, "its user or password is not percent-encoded as it should be");
  }
}

function hasControlOrSpace(text: string): boolean {
  for (let i = 0; i < text.length; i++)
    if (text.charCodeAt(i) <= 0x20 || text.charCodeAt(i) === 0x7f) return true;
  return false;
}

/** Application and name: what is before and after `//`, or the first segment and the others. */
function splitPath(path: string): [app: string, name: string] {
  const mark = path.indexOf("?");
  const end = mark < 0 ? path.length : mark;
  const double = path.slice(0, end).indexOf("//");
  if (double >= 0) return [path.slice(0, double), path.slice(double + 2)];
  const slash = path.slice(0, end).indexOf("/");
  return slash < 0 ? [path, ""] : [path.slice(0, slash), path.slice(slash + 1)];
}

/**
 * Reads `rtmp[s]://[user:password@]host[:port]/app/name`; an application of several segments ends in two slashes,
 * `rtmp://host/app/instance//name`. Path and query are sent as they are. Throws `bad-url`.
 */
export function parseRtmpUrl(url: string): RtmpTarget {
  const match = FORM.exec(url);
  if (match === null || hasControlOrSpace(url))
    throw badUrl(url, "not of the form rtmp://host/application/stream");
  const [, scheme, credentials = "", host, portText, path = ""] = match;
  const usual = PORTS[scheme as "rtmp" | "rtmps"];
  const port = portText === undefined ? usual : Number(portText);
  if (port < 1 || port > 65_535) throw badUrl(url, `there is no port ${port}`);
  const [app, name] = splitPath(path);
  if (app === "") throw badUrl(url, "there is no application in it");
  const colon = credentials.indexOf(":");
  const user = colon < 0 ? credentials : credentials.slice(0, colon);
  const password = colon < 0 ? "" : credentials.slice(colon + 1);
  return {
    tls: scheme === "rtmps",
    host: (host as string).replace(/^\[|\]$/g, ""),
    port,
    app,
    name,
    tcUrl: `${scheme}://${host}${port === usual ? "" : `:${port}`}/${app}`,
    user: decoded(user, url),
    password: decoded(password, url),
  };
}

/**
 * The URL that a reconnect request means: its `tcUrl`, absolute or relative to ours (Enhanced RTMP v2), with our
 * stream behind it. Undefined: it is no URL of RTMP.
 */
export function reconnectTarget(target: RtmpTarget, tcUrl: string | undefined): RtmpTarget | undefined {
  if (tcUrl === undefined || tcUrl === "") return target;
  const scheme = target.tls ? "rtmps" : "rtmp";
  const authority = target.tcUrl.slice(0, target.tcUrl.indexOf("/", scheme.length + 3));
  let absolute = tcUrl;
  if (tcUrl.startsWith("//")) absolute = `${scheme}:${tcUrl}`;
  else if (tcUrl.startsWith("/")) absolute = authority + tcUrl;
  else if (!tcUrl.includes("://")) absolute = `${authority}/${tcUrl}`;
  const mark = absolute.indexOf("?");
  const path = (mark < 0 ? absolute : absolute.slice(0, mark)).replace(/\/+$/, "");
  try {
    const found = parseRtmpUrl(`${path}//${target.name}`);
    const { user, password } = target;
    const app = mark < 0 ? found.app : found.app + absolute.slice(mark);
    return {
      ...found,
      app,
      tcUrl: mark < 0 ? found.tcUrl : found.tcUrl + absolute.slice(mark),
      user,
      password,
    };
  } catch {
    return undefined;
  }
}
