import { problemOfHls } from "./problems.js";

/** @typedef {import("./embed.js").PlayerHooks} PlayerHooks */
/** @typedef {import("./embed.js").Player} Player */
/** @typedef {typeof import("hls.js").default} HlsClass */

/** @returns {HlsClass | undefined} */
const loaded = () => /** @type {{ Hls?: HlsClass }} */ (globalThis).Hls;

/**
 * Loads hls.js, once. Answers whether it can work in this browser.
 * @returns {Promise<boolean>}
 */
export async function loadHls() {
  if (loaded() === undefined) {
    const script = document.createElement("script");
    script.src = "/-/hls.js";
    const done = new Promise((resolve, reject) => {
      script.onload = resolve;
      script.onerror = () => reject(new Error("the player could not be loaded"));
    });
    document.head.append(script);
    await done;
  }
  return loaded()?.isSupported() ?? false;
}

/**
 * Plays a live playlist with hls.js.
 * @param {HTMLVideoElement} video
 * @param {string} url
 * @param {PlayerHooks} hooks
 * @returns {Player}
 */
export function startHls(video, url, hooks) {
  const Hls = /** @type {HlsClass} */ (loaded());
  const hls = new Hls({
    lowLatencyMode: true,
    backBufferLength: 30,
    // Far behind the edge it jumps there; a little behind, it plays slightly faster.
    liveSyncDurationCount: 3,
    liveMaxLatencyDurationCount: 10,
    maxLiveSyncPlaybackRate: 1.05,
  });
  let repairs = 0;
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (!data.fatal) return;
    const name = problemOfHls({ type: data.type, details: data.details, status: data.response?.code });
    // The first fatal error of the decoder is often cured by a fresh media source.
    if (name === "broken" && data.type === Hls.ErrorTypes.MEDIA_ERROR && repairs++ === 0)
      hls.recoverMediaError();
    else hooks.problem(name);
  });
  hls.on(Hls.Events.FRAG_BUFFERED, () => {
    hooks.media();
  });
  hls.on(Hls.Events.LEVEL_UPDATED, (_, data) => {
    if (!data.details.live) hooks.ending();
  });
  hls.loadSource(url);
  hls.attachMedia(video);
  return {
    stop: () => hls.destroy(),
    latencySeconds: () => (hls.latency > 0 ? hls.latency : undefined),
    edgeSeconds: () => hls.liveSyncPosition ?? undefined,
    bitsPerSecond: () => {
      const level = hls.levels[Math.max(0, hls.currentLevel)];
      return level?.details?.fragments.length ? measuredBitrate(level.details.fragments) : undefined;
    },
  };
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
