import { qualityLabel, trackLabels } from "./labels.js";
import { loadScript } from "./load-script.js";
import { problemOfHls } from "./problems.js";
import { showTextTrack, textTrackChoices } from "./text-tracks.js";

/** @typedef {import("./playback.js").PlayerHooks} PlayerHooks */
/** @typedef {import("./playback.js").Player} Player */
/** @typedef {import("./playback.js").Choice} Choice */
/** @typedef {typeof import("hls.js").default} HlsClass */
/** @typedef {import("hls.js").default} Hls */

/** @returns {HlsClass | undefined} */
const loaded = () => /** @type {{ Hls?: HlsClass }} */ (globalThis).Hls;

/**
 * Plays a live playlist with hls.js. Resolves with undefined where it cannot work.
 * @param {HTMLVideoElement} video
 * @param {string} url
 * @param {PlayerHooks} hooks
 * @returns {Promise<Player | undefined>}
 */
export async function startHls(video, url, hooks) {
  await loadScript("/-/hls.js");
  const HlsClass = /** @type {HlsClass} */ (loaded());
  if (!HlsClass.isSupported() || hooks.late()) return undefined;
  const hls = new HlsClass({
    lowLatencyMode: true,
    backBufferLength: 30,
    // A little behind where the playlist says to be, it plays faster.
    maxLiveSyncPlaybackRate: 1.05,
  });
  // Far behind, it jumps. Given above, this would be taken only together with a distance of ours from the edge.
  hls.config.liveMaxLatencyDurationCount = 10;
  listen(hls, HlsClass, hooks);
  hls.loadSource(url);
  hls.attachMedia(video);
  return {
    stop: () => hls.destroy(),
    latency() {
      const { playingDate, latency } = hls;
      if (playingDate !== null) return { seconds: 0, atMs: playingDate.getTime() };
      return latency > 0 ? { seconds: latency } : undefined;
    },
    targetSeconds: () => hls.targetLatency ?? undefined,
    edgeSeconds: () => hls.liveSyncPosition ?? undefined,
    bitsPerSecond: () => {
      const level = hls.levels[Math.max(0, hls.currentLevel)];
      return level?.details?.fragments.length ? measuredBitrate(level.details.fragments) : undefined;
    },
    choices: () => ({
      quality: qualities(hls),
      language: languages(hls),
      subtitles: textTrackChoices(video),
    }),
    choose: (group, id) => choose(hls, group, id),
  };
}

/**
 * @param {Hls} hls
 * @param {HlsClass} HlsClass
 * @param {PlayerHooks} hooks
 */
function listen(hls, { Events, ErrorTypes }, hooks) {
  let repairs = 0;
  hls.on(Events.ERROR, (_, data) => {
    if (!data.fatal) return;
    const name = problemOfHls({ type: data.type, details: data.details, status: data.response?.code });
    // The first fatal error of the decoder is often cured by a fresh media source.
    if (name === "broken" && data.type === ErrorTypes.MEDIA_ERROR && repairs++ === 0) hls.recoverMediaError();
    else hooks.problem(name);
  });
  hls.on(Events.LEVEL_UPDATED, (_, data) => {
    if (!data.details.live) hooks.ending();
  });
}

/** @param {Hls} hls @returns {Choice[]} */
function qualities(hls) {
  if (hls.levels.length < 2) return [];
  const now = hls.levels[hls.currentLevel];
  const auto = now?.height && hls.autoLevelEnabled ? `Automatic (${now.height}p)` : "Automatic";
  const levels = hls.levels.map((level, i) => ({
    id: String(i),
    label: qualityLabel(level),
    chosen: !hls.autoLevelEnabled && hls.loadLevel === i,
    order: level.bitrate,
  }));
  levels.sort((a, b) => b.order - a.order);
  return [{ id: "-1", label: auto, chosen: hls.autoLevelEnabled }, ...levels];
}

/**
 * @param {readonly { name: string, lang?: string | undefined }[]} tracks
 * @param {string} word
 */
function labelsOf(tracks, word) {
  return trackLabels(
    tracks.map(({ name, lang }) => ({ name, language: lang })),
    word,
  );
}

/** @param {Hls} hls @returns {Choice[]} */
function languages(hls) {
  const tracks = hls.audioTracks;
  if (tracks.length < 2) return [];
  return labelsOf(tracks, "Sound").map((label, i) => ({
    id: String(i),
    label,
    chosen: hls.audioTrack === i,
  }));
}

/**
 * @param {Hls} hls
 * @param {string} group
 * @param {string} id
 */
function choose(hls, group, id) {
  if (group === "quality") hls.nextLevel = Number(id);
  else if (group === "language") hls.audioTrack = Number(id);
  // It makes text tracks of subtitles and captions, and loads those that show.
  else if (hls.media !== null) showTextTrack(/** @type {HTMLVideoElement} */ (hls.media), id);
}

/**
 * @param {readonly { duration: number, stats: { loaded: number } }[]} fragments
 */
function measuredBitrate(fragments) {
  let bytes = 0;
  let seconds = 0;
  for (const fragment of fragments) {
    if (fragment.stats.loaded === 0) continue;
    bytes += fragment.stats.loaded;
    seconds += fragment.duration;
  }
  return seconds > 0 ? (bytes * 8) / seconds : undefined;
}
