/** Puts the token of the MPD's request behind every URL template in it, so that players show it again. */
export function withToken(text: string, query: Readonly<Record<string, string>>): string {
  const token = query["token"];
  if (token === undefined) return text;
  // Nothing of it has a meaning in XML or in a template then.
  const pair = `?token=${encodeURIComponent(token)}`;
  return text.replace(/ (media|initialization)="([^"]*)"/g, (_, name, url) => ` ${name}="${url}${pair}"`);
}
