/** The five parts of a URI reference (RFC 3986 §3); undefined is not the same as empty. */
interface UriParts {
  scheme: string | undefined;
  authority: string | undefined;
  path: string;
  query: string | undefined;
  fragment: string | undefined;
}

/** RFC 3986 appendix B, with schemes as §3.1 spells them. */
const FORM = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#([\s\S]*))?$/;

/**
 * A reference against the URI of the document that holds it (RFC 3986 §5.2). Nothing is decoded or checked; what cannot be
 * resolved because `base` is itself relative stays relative.
 */
export function resolveUri(base: string, reference: string): string {
  const from = partsOf(base);
  const to = partsOf(reference);
  if (to.scheme === undefined) {
    to.scheme = from.scheme;
    if (to.authority === undefined) {
      to.authority = from.authority;
      if (to.path === "") {
        to.path = from.path;
        to.query ??= from.query;
      } else if (!to.path.startsWith("/")) to.path = mergedPath(from, to.path);
    }
  }
  to.path = withoutDots(to.path);
  return textOf(to);
}

function partsOf(text: string): UriParts {
  const match = FORM.exec(text);
  if (match === null)
    return { scheme: undefined, authority: undefined, path: text, query: undefined, fragment: undefined };
  const [, scheme, authority, path = "", query, fragment] = match;
  return { scheme, authority, path, query, fragment };
}

/** RFC 3986 §5.2.3. */
function mergedPath(base: UriParts, path: string): string {
  if (base.authority !== undefined && base.path === "") return `/${path}`;
  return base.path.slice(0, base.path.lastIndexOf("/") + 1) + path;
}

/** RFC 3986 §5.2.4. */
function withoutDots(path: string): string {
  if (!path.includes(".")) return path;
  const rooted = path.startsWith("/");
  const segments = (rooted ? path.slice(1) : path).split("/");
  const kept: string[] = [];
  for (const [i, segment] of segments.entries()) {
    const last = i === segments.length - 1;
    if (segment === "..") kept.pop();
    else if (segment !== ".") kept.push(segment);
    if (last && (segment === "." || segment === "..")) kept.push("");
  }
  return (rooted ? "/" : "") + kept.join("/");
}

function textOf({ scheme, authority, path, query, fragment }: UriParts): string {
  let text = "";
  if (scheme !== undefined) text += `${scheme}:`;
  if (authority !== undefined) text += `//${authority}`;
  text += path;
  if (query !== undefined) text += `?${query}`;
  if (fragment !== undefined) text += `#${fragment}`;
  return text;
}
