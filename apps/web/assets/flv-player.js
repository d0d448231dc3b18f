import { loadScript } from "./load-script.js";
import { problemOfStatus, problemOfUrl } from "./problems.js";

/** @typedef {import("./playback.js").PlayerHooks} PlayerHooks */
/** @typedef {import("./playback.js").Player} Player */
/** @typedef {typeof import("mpegts.js").default} Mpegts */

const LIBRARY = "/-/mpegts.js";

/**
 * Plays FLV over HTTP with mpegts.js. Resolves with undefined where it cannot work.
 * @param {HTMLVideoElement} video
 * @param {string} url
 * @param {PlayerHooks} hooks
 * @returns {Promise<Player | undefined>}
 */
export async function startFlv(video, url, hooks) {
  await loadScript(LIBRARY);
  const { mpegts } = /** @type {{ mpegts: Mpegts }} */ (/** @type {unknown} */ (globalThis));
  if (!mpegts.isSupported() || hooks.late()) return undefined;
  // It says on the console what the page says in words.
  mpegts.LoggingControl.enableAll = false;
  const source = { type: "flv", isLive: true, url: new URL(url, location.href).href };
  const flv = mpegts.createPlayer(source, { liveSync: true, autoCleanupSourceBuffer: true });
  let bytesPerSecond = 0;
  flv.on(mpegts.Events.ERROR, (_, detail, facts) => {
    const { code = 0 } = /** @type {{ code?: number }} */ (facts ?? {});
    if (detail === mpegts.ErrorDetails.NETWORK_STATUS_CODE_INVALID) hooks.problem(problemOfStatus(code));
    else if (detail === mpegts.ErrorDetails.MEDIA_CODEC_UNSUPPORTED) hooks.problem("codec");
    else void problemOfUrl(hooks.factsUrl, "broken").then(hooks.problem);
  });
  flv.on(mpegts.Events.LOADING_COMPLETE, hooks.ending);
  flv.on(mpegts.Events.STATISTICS_INFO, ({ speed }) => (bytesPerSecond = (speed ?? 0) * 1024));
  flv.attachMediaElement(video);
  flv.load();
  const edge = () => (video.buffered.length > 0 ? video.buffered.end(video.buffered.length - 1) : undefined);
  return {
    stop: () => flv.destroy(),
    latency() {
      const end = edge();
      return end === undefined ? undefined : { seconds: end - video.currentTime };
    },
    targetSeconds: () => undefined,
    edgeSeconds: edge,
    bitsPerSecond: () => bytesPerSecond * 8 || undefined,
    choices: () => ({ quality: [], language: [], subtitles: [] }),
    choose: () => undefined,
  };
}
