/** The token of a manifest's request as the query of the URLs in it, so that players show it again. */
export function tokenOf(query: Readonly<Record<string, string>>): string {
  const token = query["token"];
  return token === undefined ? "" : `?token=${encodeURIComponent(token)}`;
}
