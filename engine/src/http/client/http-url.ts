/** URL schemes of a protocol over HTTP, and which one of HTTP's each stands for. */
export type HttpSchemes = Readonly<Record<string, "http" | "https">>;

/**
 * The `http:` or `https:` URL that an address stands for, be it one of `schemes`, of HTTP itself, or relative to `base`.
 * Undefined if it is none: nothing but HTTP is asked for, whatever a server says.
 */
export function httpUrl(address: string, schemes: HttpSchemes, base?: URL): URL | undefined {
  const scheme = /^[a-z][a-z0-9+.-]*(?=:)/i.exec(address)?.[0] ?? "";
  const name = scheme.toLowerCase();
  const plain = Object.hasOwn(schemes, name) ? `${schemes[name]}${address.slice(scheme.length)}` : address;
  const url = URL.parse(plain, base?.href);
  return url !== null && /^https?:$/.test(url.protocol) && url.hostname !== "" ? url : undefined;
}
