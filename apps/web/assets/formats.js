/**
 * @typedef {object} Format
 * @property {string} label
 * @property {string} short
 * @property {string} path of its document, beside the page; what follows the stream's name if it begins with a dot
 */

/** How a stream can come. @type {Record<string, Format>} */
export const FORMATS = {
  mse: { label: "Lowest delay (MSE-LD)", short: "MSE-LD", path: "mse_ld" },
  ll: { label: "Low delay (LL-HLS)", short: "LL-HLS", path: "index.ll.m3u8" },
  hls: { label: "HLS", short: "HLS", path: "index.m3u8" },
  dash: { label: "DASH", short: "DASH", path: "index.mpd" },
  native: { label: "The browser's own HLS", short: "HLS", path: "index.m3u8" },
  flv: { label: "FLV over HTTP", short: "FLV", path: ".flv" },
  mp4: { label: "MP4 over HTTP", short: "MP4", path: ".mp4" },
};

/**
 * What a browser has.
 * @typedef {object} Capabilities
 * @property {boolean} mediaSource Media Source Extensions, managed ones too
 * @property {boolean} nativeHls
 * @property {boolean} prefersNative its own HLS is better than any in JavaScript: Safari
 */

/** @returns {Capabilities} */
export function capabilitiesOf() {
  const nativeHls = document.createElement("video").canPlayType("application/vnd.apple.mpegurl") !== "";
  return {
    mediaSource: "MediaSource" in globalThis || "ManagedMediaSource" in globalThis,
    nativeHls,
    prefersNative: nativeHls && navigator.vendor.startsWith("Apple"),
  };
}

/**
 * The formats to try, best first; none for a name that is not known.
 * @param {{ format: string, realtime: boolean }} wanted
 * @param {Capabilities} browser
 * @returns {string[]}
 */
export function formatOrder({ format, realtime }, browser) {
  if (format === "hls" && (browser.prefersNative || !browser.mediaSource)) return ["native"];
  if (format !== "auto") return Object.hasOwn(FORMATS, format) ? [format] : [];
  const { mediaSource, nativeHls, prefersNative } = browser;
  return [
    ...(mediaSource && realtime ? ["mse"] : []),
    ...(prefersNative ? ["native"] : []),
    ...(mediaSource ? ["ll", "hls", "dash"] : []),
    ...(mediaSource && !realtime ? ["mse"] : []),
    ...(nativeHls && !prefersNative ? ["native"] : []),
    ...(mediaSource ? ["flv"] : []),
    "mp4",
  ];
}

/**
 * The same formats; ahead of all the one that has sound where that is MPEG audio only: browsers decode MP3, but not in
 * MP4 files, which the others consist of.
 * @param {readonly string[]} order
 * @param {readonly import("./codecs.js").TrackFacts[]} tracks
 * @returns {string[]}
 */
export function withSoundFirst(order, tracks) {
  const sounds = tracks.filter(({ content }) => content === "audio");
  const isMpeg = sounds.length > 0 && sounds.every(({ codec }) => codec === "mpa");
  const first = isMpeg && order[0] === "ll" && order.includes("hls") ? ["hls"] : [];
  return [...first, ...order.filter((id) => !first.includes(id))];
}

/**
 * Address of a format, seen from `/NAME/embed.html`.
 * @param {string} id
 * @param {{ streamName: string, credentials: string, realtime: boolean }} of
 */
export function formatUrl(id, { streamName, credentials, realtime }) {
  const { path = "" } = FORMATS[id] ?? {};
  if (path.startsWith("."))
    return `../${encodeURIComponent(streamName.split("/").at(-1) ?? "")}${path}${credentials}`;
  if (id === "dash" && realtime) return `index.ll.mpd${credentials}`;
  return `${path}${credentials}`;
}
