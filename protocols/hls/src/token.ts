/** Parameters that say who asks: players must show them with every request. */
const CREDENTIALS = ["token", "user", "password"];

/** Puts the credentials of a playlist's request behind every URI in it. */
export function withCredentials(text: string, query: Readonly<Record<string, string>>): string {
  if (query["token"] === undefined && query["user"] === undefined && query["password"] === undefined)
    return text;
  const pairs = CREDENTIALS.flatMap((name) => {
    const value = query[name];
    return value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`];
  });
  const add = (uri: string): string => `${uri}${uri.includes("?") ? "&" : "?"}${pairs.join("&")}`;
  return text
    .replace(/^(?!#)(.+)$/gm, (uri) => add(uri))
    .replace(/([:,]URI=")([^"]*)"/g, (_, head: string, uri: string) => `${head}${add(uri)}"`);
}
