/**
 * What the query of a player page asks for.
 * @typedef {object} PlayerOptions
 * @property {boolean} autoplay
 * @property {boolean} muted
 * @property {boolean} controls
 * @property {boolean} stats
 * @property {boolean} realtime the lowest delay that there is
 * @property {string} format "auto", or the only one to use: "ll", "hls", "dash", "mse", "flv", "mp4"
 * @property {number} playSeconds playback stops by itself after so long; 0: never
 * @property {number} agoSeconds how far back the viewer may go; 0: not at all
 * @property {boolean} recording a recording is asked for: `dvr`, `from` or `to`
 * @property {string} logo path of a picture on the same server; empty: none
 * @property {string} poster shown until the picture comes; path of a picture on the same server; empty: none
 * @property {string} credentials what of the query is passed on to the stream: empty, or beginning with a question mark
 */

/** What the server's access check may want to see. */
const CREDENTIALS = ["token", "user", "password"];

/**
 * @param {string} search the query, with or without its question mark
 * @returns {PlayerOptions}
 */
export function readPlayerOptions(search) {
  const query = new URLSearchParams(search);
  const passed = new URLSearchParams();
  for (const name of CREDENTIALS) {
    const value = query.get(name);
    if (value !== null) passed.set(name, value);
  }
  return {
    autoplay: readFlag(query, "autoplay", true),
    muted: readFlag(query, "muted", false),
    controls: readFlag(query, "controls", true),
    stats: readFlag(query, "stats", false),
    realtime: readFlag(query, "realtime", false),
    format: query.get("format")?.toLowerCase() ?? "auto",
    playSeconds: readSeconds(query, "play_duration"),
    agoSeconds: readSeconds(query, "ago"),
    recording: readFlag(query, "dvr", false) || query.has("from") || query.has("to"),
    logo: readPath(query, "logo"),
    poster: readPath(query, "poster"),
    credentials: passed.size === 0 ? "" : `?${passed}`,
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

/**
 * @param {URLSearchParams} query
 * @param {string} name
 */
function readSeconds(query, name) {
  const seconds = Number(query.get(name));
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 0;
}

/**
 * A path on this server: the page's policy lets no other pictures in.
 * @param {URLSearchParams} query
 * @param {string} name
 */
function readPath(query, name) {
  const path = query.get(name) ?? "";
  return /^\/(?![/\\])/.test(path) ? path : "";
}
