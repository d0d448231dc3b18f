/** @typedef {import("@millrace/model").StreamInfo} StreamInfo */

/**
 * The state of a stream in one word, and how it is shown.
 * @param {Pick<StreamInfo, "kind" | "running" | "inputs" | "bitrate">} stream
 * @returns {{ key: "live" | "waiting" | "lost" | "asleep", text: string }}
 */
export function stateOf(stream) {
  if (!stream.running) {
    return stream.kind === "ondemand"
      ? { key: "asleep", text: "starts on demand" }
      : { key: "asleep", text: "not running" };
  }
  if (stream.bitrate > 0) return { key: "live", text: "live" };
  if (stream.inputs.some((input) => input.state === "connecting"))
    return { key: "waiting", text: "connecting" };
  if (stream.inputs.some((input) => input.state === "failed")) return { key: "lost", text: "no input" };
  return { key: "waiting", text: "waiting for media" };
}

/**
 * Codecs in words: "H.264 640x360 · AAC".
 * @param {StreamInfo["tracks"]} tracks
 */
export function tracksText(tracks) {
  const shown = tracks.filter((track) => track.kind === "video" || track.kind === "audio");
  const words = shown.map((track) => track.text || codecName(track.codec));
  const others = tracks.length - shown.length;
  if (others > 0) words.push(`${others} more`);
  return words.join(" · ");
}

/** @type {Record<string, string>} */
const CODECS = {
  h264: "H.264",
  h265: "H.265",
  mpeg2video: "MPEG-2",
  aac: "AAC",
  mpa: "MPEG audio",
  ac3: "AC-3",
  eac3: "E-AC-3",
  opus: "Opus",
};

/** @param {string} codec */
function codecName(codec) {
  return CODECS[codec] ?? codec;
}

/**
 * Path of a stream on the server; a name may have several parts.
 * @param {string} name
 */
export function streamPath(name) {
  return `/${name.split("/").map(encodeURIComponent).join("/")}`;
}

/**
 * The addresses to play a stream by.
 * @param {string} origin
 * @param {string} name
 * @returns {[label: string, url: string][]}
 */
export function addressesOf(origin, name) {
  const base = origin + streamPath(name);
  return [
    ["Player page", `${base}/embed.html`],
    [
      "Embed code",
      `<iframe src="${base}/embed.html" width="640" height="360" allow="autoplay; fullscreen"></iframe>`,
    ],
    ["HLS", `${base}/index.m3u8`],
    ["Low-latency HLS", `${base}/index.ll.m3u8`],
    ["DASH", `${base}/index.mpd`],
    ["Low-latency DASH", `${base}/index.ll.mpd`],
    ["MSE-LD", `${base.replace(/^http/, "ws")}/mse_ld`],
    ["MP4", `${base}.mp4`],
    ["HTTP-TS", `${base}/mpegts`],
    ["HTTP-FLV", `${base}.flv`],
  ];
}

/**
 * The player page in different ways.
 * @param {string} name
 * @returns {[label: string, path: string][]}
 */
export function playersOf(name) {
  const page = `${streamPath(name)}/embed.html`;
  return [
    ["Player", page],
    ["Lowest delay", `${page}?realtime=true&stats=1`],
    ["LL-HLS", `${page}?format=ll&stats=1`],
    ["HLS", `${page}?format=hls&stats=1`],
    ["DASH", `${page}?format=dash&stats=1`],
  ];
}
