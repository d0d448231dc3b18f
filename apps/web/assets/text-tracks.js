import { trackLabels } from "./labels.js";

/** @typedef {import("./playback.js").Choice} Choice */

/** @param {HTMLVideoElement} video */
function shown({ textTracks }) {
  return [...textTracks].filter(({ kind }) => kind === "subtitles" || kind === "captions");
}

/**
 * The subtitles that a video element has by itself, and none of them.
 * @param {HTMLVideoElement} video
 * @returns {Choice[]}
 */
export function textTrackChoices(video) {
  const tracks = shown(video);
  if (tracks.length === 0) return [];
  const facts = tracks.map(({ label, language }) => ({ name: label, language }));
  const named = trackLabels(facts, "Subtitles").map((label, i) => ({
    id: String(i),
    label,
    chosen: tracks[i]?.mode === "showing",
  }));
  return [{ id: "-1", label: "Off", chosen: !named.some(({ chosen }) => chosen) }, ...named];
}

/**
 * @param {HTMLVideoElement} video
 * @param {string} id of a choice
 */
export function showTextTrack(video, id) {
  for (const [i, track] of shown(video).entries()) track.mode = String(i) === id ? "showing" : "disabled";
}
