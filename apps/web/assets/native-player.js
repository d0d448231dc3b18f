import { problemOfStatus } from "./problems.js";

/** @typedef {import("./embed.js").PlayerHooks} PlayerHooks */
/** @typedef {import("./embed.js").Player} Player */

/**
 * Whether the browser plays HLS by itself.
 * @param {HTMLVideoElement} video
 */
export function playsNatively(video) {
  return video.canPlayType("application/vnd.apple.mpegurl") !== "";
}

/**
 * Plays a live playlist with the browser's own HLS.
 * @param {HTMLVideoElement} video
 * @param {string} url
 * @param {PlayerHooks} hooks
 * @returns {Player}
 */
export function startNative(video, url, hooks) {
  const listening = new AbortController();
  const { signal } = listening;
  /** @param {Parameters<PlayerHooks["problem"]>[0]} name */
  const tell = (name) => {
    if (!signal.aborted) hooks.problem(name);
  };
  video.addEventListener("error", () => void explain(video, url).then(tell), { signal });
  video.addEventListener("timeupdate", () => hooks.media(), { signal });
  video.addEventListener("ended", () => hooks.problem("ended"), { signal });
  video.src = url;
  return {
    stop() {
      listening.abort();
      video.removeAttribute("src");
      video.load();
    },
    latencySeconds() {
      const edge = seekableEnd(video);
      return edge === undefined ? undefined : edge - video.currentTime;
    },
    edgeSeconds: () => seekableEnd(video),
    bitsPerSecond: () => undefined,
  };
}

/** @param {HTMLVideoElement} video */
function seekableEnd(video) {
  const { seekable } = video;
  return seekable.length > 0 ? seekable.end(seekable.length - 1) : undefined;
}

/**
 * The browser says little of what went wrong, so the playlist is asked for again.
 * @param {HTMLVideoElement} video
 * @param {string} url
 */
async function explain(video, url) {
  try {
    const response = await fetch(url, { cache: "no-store" });
    if (!response.ok) return problemOfStatus(response.status);
  } catch {
    return "network";
  }
  return video.error?.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED ? "codec" : "broken";
}
