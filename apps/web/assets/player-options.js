/**
 * What the query of a player page asks for.
 * @typedef {object} PlayerOptions
 * @property {boolean} autoplay
 * @property {boolean} muted browsers start only silent videos by themselves, so this follows `autoplay`
 * @property {boolean} controls
 * @property {boolean} stats
 * @property {string} playlist address of the playlist, relative to the page
 */

/**
 * @param {string} search the query, with or without its question mark
 * @returns {PlayerOptions}
 */
export function readPlayerOptions(search) {
  const query = new URLSearchParams(search);
  const autoplay = readFlag(query, "autoplay", true);
  const token = query.get("token");
  return {
    autoplay,
    muted: readFlag(query, "muted", autoplay),
    controls: readFlag(query, "controls", true),
    stats: readFlag(query, "stats", false),
    playlist: token === null ? "index.m3u8" : `index.m3u8?token=${encodeURIComponent(token)}`,
  };
}

/**
 * @param {URLSearchParams} query
 * @param {string} name
 * @param {boolean} otherwise
 */
function readFlag(query, name, otherwise) {
  const value = query.get(name);
  if (value === null) return otherwise;
  return !["0", "false", "no", "off"].includes(value.toLowerCase());
}
