import { qualityLabel, trackLabels } from "./labels.js";
import { problemOfUrl } from "./problems.js";

/** @typedef {import("./playback.js").PlayerHooks} PlayerHooks */
/** @typedef {import("./playback.js").Player} Player */
/** @typedef {import("./playback.js").Choice} Choice */
/** @typedef {typeof import("@millrace/mse-player")} Library */
/** @typedef {InstanceType<Library["MsePlayer"]>} MsePlayer */

/** A variable: it is the server that has this module. */
const LIBRARY = "/-/mse-player.js";
/** Connections that fail in a row before the server is asked why. */
const PATIENCE = 1;

/**
 * Plays frames from a WebSocket. Resolves with undefined where it cannot work.
 * @param {HTMLVideoElement} video
 * @param {string} url
 * @param {PlayerHooks} hooks
 * @returns {Promise<Player | undefined>}
 */
export async function startMse(video, url, hooks) {
  const { MsePlayer } = /** @type {Library} */ (await import(LIBRARY));
  if (!MsePlayer.isSupported() || hooks.late()) return undefined;
  let failures = 0;
  const mse = new MsePlayer(video, url, { autoMute: false });
  mse.onProgress = () => (failures = 0);
  mse.onDisconnect = () => {
    if (failures++ < PATIENCE) return;
    // A browser does not tell why a WebSocket was refused: the answer to a plain request does.
    void problemOfUrl(hooks.factsUrl, "offline").then(hooks.problem);
  };
  mse.onError = ({ error }) => {
    if (error === "unsupported_codec" && !canGoOn(mse)) hooks.problem("codec");
    else if (error === "unsupported") hooks.problem("unsupported");
  };
  // Whether it may play is found out when the page calls `video.play`.
  void mse.play().catch(() => undefined);
  return {
    stop: () => mse.stop(),
    latency: () => (mse.utc > 0 ? { seconds: 0, atMs: mse.utc * 1000 } : undefined),
    targetSeconds: () => undefined,
    edgeSeconds: () => video.currentTime + mse.buffered,
    bitsPerSecond: () => 1000 * (bitrateOf(mse, "video") + bitrateOf(mse, "audio")) || undefined,
    goLive: () => mse.seekToLive(),
    choices: () => ({ quality: tracks(mse, "video"), language: tracks(mse, "audio"), subtitles: [] }),
    choose: (group, id) => mse.setTracks(chosenTracks(mse, group, id)),
  };
}

/** @param {MsePlayer} mse */
const all = (mse) => [...mse.getVideoTracks(), ...mse.getAudioTracks()];

/**
 * @param {MsePlayer} mse
 * @param {"video" | "audio"} content
 */
function bitrateOf(mse, content) {
  const active = activeOf(mse, content);
  return all(mse).find(({ track_id }) => track_id === active)?.bitrate ?? 0;
}

/** Something is left to play. @param {MsePlayer} mse */
function canGoOn(mse) {
  const known = all(mse);
  return known.length === 0 || known.some(({ mime }) => globalThis.MediaSource?.isTypeSupported(mime));
}

/**
 * @param {MsePlayer} mse
 * @param {"video" | "audio"} content
 * @returns {Choice[]}
 */
function tracks(mse, content) {
  const known = content === "video" ? mse.getVideoTracks() : mse.getAudioTracks();
  if (known.length < 2) return [];
  const sounds = trackLabels(
    known.map(({ track_id, lang }) => ({ name: track_id, language: lang })),
    "Sound",
  );
  return known.map(({ track_id, height, bitrate }, i) => ({
    id: track_id,
    label: content === "video" ? qualityLabel({ height, bitrate: bitrate * 1000 }) : (sounds[i] ?? track_id),
    chosen: activeOf(mse, content) === track_id,
  }));
}

/** @type {WeakMap<MsePlayer, Record<string, string>>} */
const asked = new WeakMap();

/**
 * @param {MsePlayer} mse
 * @param {"video" | "audio"} content
 */
function activeOf(mse, content) {
  const known = content === "video" ? mse.getVideoTracks() : mse.getAudioTracks();
  return asked.get(mse)?.[content] ?? known[0]?.track_id;
}

/**
 * @param {MsePlayer} mse
 * @param {string} group
 * @param {string} id
 */
function chosenTracks(mse, group, id) {
  const wanted = {
    video: activeOf(mse, "video"),
    audio: activeOf(mse, "audio"),
    [group === "quality" ? "video" : "audio"]: id,
  };
  const names = Object.values(wanted).filter((name) => name !== undefined);
  asked.set(mse, /** @type {Record<string, string>} */ (wanted));
  return names;
}
