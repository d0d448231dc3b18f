import { make } from "./dom.js";
import { formatBitrate } from "./format.js";
import { FORMATS } from "./formats.js";

/** @type {WeakMap<HTMLElement, HTMLElement[]>} */
const cells = new WeakMap();

/**
 * Fills the list of numbers.
 * @param {HTMLDListElement} list
 * @param {HTMLVideoElement} video
 * @param {import("./playback.js").Playback} playback
 */
export function renderStats(list, video, playback) {
  const { player, latencySeconds, format } = playback;
  const { buffered, currentTime } = video;
  const ahead = buffered.length > 0 ? buffered.end(buffered.length - 1) - currentTime : 0;
  const bits = player?.bitsPerSecond();
  const target = player?.targetSeconds();
  const quality = video.getVideoPlaybackQuality();
  /** @type {[string, string][]} */
  const rows = [
    ["Format", FORMATS[format]?.short ?? "–"],
    ["Latency", seconds(latencySeconds) + (target ? ` (aim ${seconds(target)})` : "")],
    ["Buffer", seconds(Math.max(0, ahead))],
    ["Bitrate", bits === undefined ? "–" : formatBitrate(bits)],
    ["Picture", video.videoWidth > 0 ? `${video.videoWidth}×${video.videoHeight}` : "–"],
    ["Dropped", `${quality.droppedVideoFrames} of ${quality.totalVideoFrames}`],
  ];
  let values = cells.get(list);
  if (values === undefined) {
    values = rows.map(() => make("dd"));
    cells.set(list, values);
    const made = values;
    list.replaceChildren(
      ...rows.flatMap(([name], i) => [make("dt", {}, name), /** @type {HTMLElement} */ (made[i])]),
    );
  }
  for (const [i, [, value]] of rows.entries())
    if (values[i] && values[i].textContent !== value) values[i].textContent = value;
}

/** @param {number | undefined} value */
function seconds(value) {
  return value === undefined || Number.isNaN(value) ? "–" : `${value.toFixed(1)} s`;
}
