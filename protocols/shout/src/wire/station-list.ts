/** Media types of the small lists that link to a station. */
const LIST_TYPES = /^(audio|application)\/(x-scpls|pls\+xml|x-mpegurl|mpegurl)\b/i;

/** Whether an answer is a list of addresses (`.pls`, `.m3u`), not audio. */
export function isStationList(contentType: string): boolean {
  return LIST_TYPES.test(contentType);
}

/** The first address of a list; undefined where there is none. An HLS playlist is no such list. */
export function firstAddress(text: string): string | undefined {
  if (text.includes("#EXT-X-")) return undefined;
  for (const line of text.split(/\r?\n|\r/)) {
    const address = line.trim().replace(/^File\d+\s*=\s*/i, "");
    if (/^(https?|shouts?|icyx?):\/\//i.test(address)) return address;
  }
  return undefined;
}
