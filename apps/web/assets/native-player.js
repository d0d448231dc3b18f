import { problemOfUrl } from "./problems.js";
import { showTextTrack, textTrackChoices } from "./text-tracks.js";

/** @typedef {import("./playback.js").PlayerHooks} PlayerHooks */
/** @typedef {import("./playback.js").Player} Player */

/**
 * Plays what the browser plays by itself: a playlist in Safari, an endless MP4 file anywhere.
 * @param {HTMLVideoElement} video
 * @param {string} url
 * @param {PlayerHooks} hooks
 * @returns {Promise<Player>}
 */
export async function startNative(video, url, hooks) {
  const listening = new AbortController();
  const { signal } = listening;
  video.addEventListener("error", () => void explain(video, url).then(hooks.problem), { signal });
  video.addEventListener("ended", hooks.ending, { signal });
  video.src = url;
  return {
    stop() {
      listening.abort();
      video.removeAttribute("src");
      video.load();
    },
    latency() {
      // Safari knows the dates in a playlist.
      const startMs = /** @type {{ getStartDate?: () => Date }} */ (video).getStartDate?.().getTime();
      if (startMs) return { seconds: 0, atMs: startMs + video.currentTime * 1000 };
      const edge = edgeOf(video);
      return edge === undefined ? undefined : { seconds: edge - video.currentTime };
    },
    targetSeconds: () => undefined,
    edgeSeconds: () => edgeOf(video),
    bitsPerSecond: () => undefined,
    choices: () => ({ quality: [], language: [], subtitles: textTrackChoices(video) }),
    choose: (_, id) => showTextTrack(video, id),
  };
}

/** @param {HTMLVideoElement} video */
function edgeOf({ seekable, buffered, currentTime }) {
  const end = seekable.length > 0 ? seekable.end(seekable.length - 1) : 0;
  if (end > currentTime && end < Number.MAX_SAFE_INTEGER) return end;
  // What is seekable of an endless file has no end, or is nothing.
  return buffered.length > 0 ? buffered.end(buffered.length - 1) : undefined;
}

/**
 * The browser says little of what went wrong, so the document is asked for again.
 * @param {HTMLVideoElement} video
 * @param {string} url
 */
function explain(video, url) {
  const { code } = video.error ?? {};
  return problemOfUrl(url, code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED ? "codec" : "broken");
}
