import { undecodableText } from "./codecs.js";
import { setText } from "./dom.js";
import { PROBLEMS } from "./problems.js";

/** @typedef {import("./page-parts.js").Parts} Parts */
/** @typedef {import("./playback.js").Playback} Playback */

/** A picture that stands still for less than this needs no sign of it, milliseconds. */
const HICCUP_MS = 1200;
/** Connecting takes no words before this, milliseconds. */
const WORDS_MS = 1500;
/** A stream that begins when somebody asks for it gets this long before it is called idle, milliseconds. */
const IDLE_MS = 4000;

/**
 * What lies over the picture: waiting, what is wrong, or the button to begin with. Answers whether it covers the picture.
 * @param {Parts} parts
 * @param {Playback} playback
 * @returns {boolean}
 */
export function renderOverlay(parts, playback) {
  const state = stateOf(parts.video, playback);
  parts.root.dataset["state"] = state;
  parts.root.dataset["picture"] =
    state === "playing" && parts.video.videoWidth === 0 && playback.moved ? "none" : "some";
  parts.overlay.dataset["state"] = state;
  parts.overlay.hidden = state === "playing";
  parts.play.hidden = state !== "ready";
  parts.spinner.hidden = state !== "loading" && state !== "rebuffering" && !triesNow(state, playback);
  const words = wordsOf(state, playback);
  setText(parts.headline, words.headline);
  setText(parts.explanation, words.explanation);
  parts.retry.hidden = words.action === "";
  if (words.action !== "") setText(parts.retry, words.action);
  return state === "problem" || state === "loading" || state === "ready";
}

/** @param {string} state @param {Playback} playback */
const triesNow = (state, playback) => state === "problem" && playback.retryAtMs === 0 && playback.wanted;

/**
 * @param {HTMLVideoElement} video
 * @param {Playback} playback
 */
function stateOf(video, playback) {
  if (playback.problem !== undefined) return "problem";
  if (playback.blocked || !playback.wanted) return playback.moved ? "playing" : "ready";
  if (!playback.moved) return "loading";
  if (playback.lacksPicture) return "soundonly";
  return playback.stillMs > HICCUP_MS && !video.paused ? "rebuffering" : "playing";
}

/**
 * @param {string} state
 * @param {Playback} playback
 */
function wordsOf(state, playback) {
  if (state === "soundonly") {
    const { video } = playback.undecodable;
    const headline = video ? "Cannot play this format" : "No picture";
    const reason = video ? undecodableText({ video }) : "The stream's picture has not come yet.";
    return { headline, explanation: `${reason} Only the sound plays.`, action: "" };
  }
  if (state === "loading") {
    if (playback.idle && playback.stillMs > IDLE_MS)
      return { headline: "Waiting for the stream", explanation: "Nothing is being sent yet.", action: "" };
    return { headline: playback.stillMs > WORDS_MS ? "Connecting…" : "", explanation: "", action: "" };
  }
  const problem = playback.problem === undefined ? undefined : PROBLEMS[playback.problem];
  if (state !== "problem" || problem === undefined) return { headline: "", explanation: "", action: "" };
  const why = (playback.problem === "codec" && undecodableText(playback.undecodable)) || problem.explanation;
  const isWaiting = playback.retryAtMs > 0 || problem.action !== undefined;
  return {
    headline: problem.headline,
    explanation: problem.action === undefined ? `${why} ${retryText(playback)}` : why,
    action: isWaiting ? (problem.action ?? "Try now") : "",
  };
}

/** @param {Playback} playback */
function retryText({ retryAtMs, player }) {
  if (retryAtMs === 0) return player === undefined ? "Trying now…" : "";
  const seconds = Math.max(1, Math.ceil((retryAtMs - performance.now()) / 1000));
  return `Trying again in ${seconds} s.`;
}

/**
 * What is missing while the rest plays; empty when nothing is.
 * @param {Playback} playback
 */
export function codecNotice(playback) {
  const { undecodable, lacksPicture, moved, lacksSound, soundName } = playback;
  if (!moved || lacksPicture) return "";
  if (undecodable.audio !== undefined) return `No sound: this browser cannot decode ${undecodable.audio}`;
  return lacksSound ? `No sound: this browser cannot decode ${soundName} as it comes here` : "";
}
