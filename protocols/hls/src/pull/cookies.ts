interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string;
  /** Sent to this very host only. */
  readonly hostOnly: boolean;
  readonly path: string;
  readonly secure: boolean;
}

const MAX_COOKIES = 64;
const MAX_COOKIE_BYTES = 4096;

/** The cookies of one input (RFC 6265 §5.3, §5.4), for as long as it runs. */
export class CookieJar {
  #cookies: Cookie[] = [];

  /** Takes the Set-Cookie headers of an answer. `wallMs`: UTC. */
  take(url: URL, headers: readonly string[], wallMs: number): void {
    for (const header of headers) {
      if (header.length > MAX_COOKIE_BYTES) continue;
      const read = readCookie(url, header, wallMs);
      if (read === undefined) continue;
      const { cookie, expired } = read;
      this.#cookies = this.#cookies.filter(
        ({ name, domain, path }) => name !== cookie.name || domain !== cookie.domain || path !== cookie.path,
      );
      if (!expired) this.#cookies.push(cookie);
      if (this.#cookies.length > MAX_COOKIES) this.#cookies.shift();
    }
  }

  /** Value of the Cookie header for a request; undefined for none. */
  header(url: URL): string | undefined {
    const host = url.hostname.toLowerCase();
    const pairs = this.#cookies
      .filter(({ domain, hostOnly }) => host === domain || (!hostOnly && host.endsWith(`.${domain}`)))
      .filter(({ secure }) => !secure || url.protocol === "https:")
      .filter(({ path }) => pathMatches(url.pathname, path))
      .toSorted((a, b) => b.path.length - a.path.length)
      .map(({ name, value }) => `${name}=${value}`);
    return pairs.length === 0 ? undefined : pairs.join("; ");
  }
}

function readCookie(
  url: URL,
  header: string,
  wallMs: number,
): { cookie: Cookie; expired: boolean } | undefined {
  const [pair = "", ...attributes] = header.split(";");
  const at = pair.indexOf("=");
  const name = pair.slice(0, at).trim();
  if (at < 1 || name === "") return undefined;
  const said = new Map<string, string>();
  for (const attribute of attributes) {
    const [key = "", ...value] = attribute.split("=");
    said.set(key.trim().toLowerCase(), value.join("=").trim());
  }
  const host = url.hostname.toLowerCase();
  const domain = (said.get("domain") ?? "").replace(/^\./, "").toLowerCase();
  if (domain !== "" && host !== domain && !(host.endsWith(`.${domain}`) && domain.includes(".")))
    return undefined;
  const path = said.get("path") ?? "";
  return {
    cookie: {
      name,
      value: pair.slice(at + 1).trim(),
      domain: domain === "" ? host : domain,
      hostOnly: domain === "",
      path: path.startsWith("/") ? path : url.pathname.replace(/\/[^/]*$/, "") || "/",
      secure: said.has("secure"),
    },
    expired: isExpired(said, wallMs),
  };
}

/** Max-Age goes before Expires (RFC 6265 §5.3 step 3). */
function isExpired(said: ReadonlyMap<string, string>, wallMs: number): boolean {
  const maxAge = said.get("max-age");
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return Number(maxAge) <= 0;
  return Date.parse(said.get("expires") ?? "") <= wallMs;
}

function pathMatches(path: string, wanted: string): boolean {
  return path === wanted || path.startsWith(wanted.endsWith("/") ? wanted : `${wanted}/`);
}
