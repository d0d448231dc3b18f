import { formatBitrate } from "./format.js";
import { loadHls, startHls } from "./hls-player.js";
import { playsNatively, startNative } from "./native-player.js";
import { readPlayerOptions } from "./player-options.js";
import { PROBLEMS, retryDelayMs } from "./problems.js";

/**
 * What a player reports.
 * @typedef {object} PlayerHooks
 * @property {(name: string) => void} problem it cannot go on; a name from `PROBLEMS`
 * @property {() => void} media something playable arrived
 * @property {() => void} ending the playlist says that nothing follows
 */

/**
 * A running player.
 * @typedef {object} Player
 * @property {() => void} stop
 * @property {() => number | undefined} latencySeconds time from the newest media to the picture shown
 * @property {() => number | undefined} edgeSeconds where to be to watch live
 * @property {() => number | undefined} bitsPerSecond
 */

/** No movement for this long is shown, milliseconds. */
const STALL_MS = 6000;
/** No movement for this long starts the player anew, milliseconds. */
const GIVE_UP_MS = 20_000;
/** This far behind where it should be counts as not live, seconds. */
const BEHIND_SECONDS = 12;

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 */
function element(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page lacks #${id}`);
  return found;
}

const options = readPlayerOptions(location.search);
const video = element("video", HTMLVideoElement);
const page = {
  live: element("live", HTMLButtonElement),
  liveText: element("live-text", HTMLSpanElement),
  stats: element("stats", HTMLDListElement),
  unmute: element("unmute", HTMLButtonElement),
  play: element("play", HTMLButtonElement),
  overlay: element("overlay", HTMLDivElement),
  spinner: element("spinner", HTMLDivElement),
  headline: element("headline", HTMLParagraphElement),
  explanation: element("explanation", HTMLParagraphElement),
  retry: element("retry", HTMLButtonElement),
};

/** @type {Player | undefined} */
let player;
/** Counts the attempts of all time, so that a late answer to an old one is not taken. */
let connection = 0;
/** Attempts since it last played. */
let attempt = 0;
let ending = false;
/** Time of the next attempt, on the page's clock, while one is planned. */
let retryAtMs = 0;
/** @type {string | undefined} */
let problem;
let lastPosition = -1;
let movedAtMs = performance.now();

async function connect() {
  const mine = ++connection;
  retryAtMs = 0;
  ending = false;
  lastPosition = -1;
  movedAtMs = performance.now();
  player?.stop();
  player = undefined;
  /** @type {PlayerHooks} */
  const hooks = { problem: fail, media: () => undefined, ending: () => (ending = true) };
  const supported = await loadHls().catch(() => undefined);
  if (mine !== connection) return;
  if (supported) player = startHls(video, options.playlist, hooks);
  else if (playsNatively(video)) player = startNative(video, options.playlist, hooks);
  else return fail(supported === undefined ? "network" : "unsupported");
  if (options.autoplay) await play();
  else if (!options.controls) page.play.hidden = false;
}

async function play() {
  page.play.hidden = true;
  try {
    await video.play();
  } catch (error) {
    // The browser wants a click first; every other reason is reported as a problem of its own.
    if (error instanceof DOMException && error.name === "NotAllowedError") page.play.hidden = false;
  }
}

/** @param {string} name */
function fail(name) {
  player?.stop();
  player = undefined;
  problem = name;
  retryAtMs = performance.now() + retryDelayMs(attempt++, PROBLEMS[name]?.hopeless ?? false);
  render();
}

function retry() {
  void connect();
  render();
}

function watch() {
  const now = performance.now();
  if (retryAtMs > 0 && now >= retryAtMs) retry();
  const moved = video.currentTime !== lastPosition;
  if (moved && lastPosition >= 0 && video.readyState >= 2) {
    problem = undefined;
    attempt = 0;
  }
  if (moved || (video.paused && video.readyState >= 2)) movedAtMs = now;
  lastPosition = video.currentTime;
  const stillMs = now - movedAtMs;
  if (player !== undefined && ending && (video.ended || stillMs > 1500)) fail("ended");
  else if (player !== undefined && stillMs > GIVE_UP_MS) fail("stalled");
  else if (player !== undefined && stillMs > STALL_MS) problem ??= "stalled";
  render();
}

/** @param {number} now */
function retryText(now) {
  if (retryAtMs === 0) return "Trying now…";
  const seconds = Math.max(1, Math.ceil((retryAtMs - now) / 1000));
  return `Trying again in ${seconds} s.`;
}

function render() {
  const playing = problem === undefined && video.readyState >= 2;
  const words = problem === undefined ? undefined : PROBLEMS[problem];
  page.overlay.hidden = playing;
  page.overlay.dataset["state"] = words ? "problem" : "loading";
  page.spinner.hidden = words !== undefined && retryAtMs > 0;
  page.retry.hidden = words === undefined || retryAtMs === 0;
  say(page.headline, words?.headline ?? "Connecting…");
  say(page.explanation, words ? `${words.explanation} ${retryText(performance.now())}` : "");
  renderLive(playing);
  page.unmute.hidden = !(playing && video.muted && !options.controls);
  page.stats.hidden = !(playing && options.stats);
  if (!page.stats.hidden) renderStats();
}

/** @param {boolean} playing */
function renderLive(playing) {
  const edge = player?.edgeSeconds();
  const behind = video.paused || (edge !== undefined && edge - video.currentTime > BEHIND_SECONDS);
  page.live.hidden = !playing;
  page.live.disabled = !behind;
  page.live.dataset["state"] = behind ? "behind" : "live";
  page.live.title = behind ? "Go to the live picture" : "";
  say(page.liveText, behind ? "GO LIVE" : "LIVE");
}

function renderStats() {
  const buffered = video.buffered;
  const ahead = buffered.length > 0 ? buffered.end(buffered.length - 1) - video.currentTime : 0;
  const bits = player?.bitsPerSecond();
  const latency = player?.latencySeconds();
  const quality = video.getVideoPlaybackQuality();
  /** @type {[string, string][]} */
  const rows = [
    ["Latency", latency === undefined ? "–" : `${latency.toFixed(1)} s`],
    ["Buffer", `${Math.max(0, ahead).toFixed(1)} s`],
    ["Bitrate", bits === undefined ? "–" : formatBitrate(bits)],
    ["Picture", video.videoWidth > 0 ? `${video.videoWidth}×${video.videoHeight}` : "–"],
    ["Dropped", `${quality.droppedVideoFrames} of ${quality.totalVideoFrames}`],
  ];
  page.stats.replaceChildren(...rows.flatMap(([name, value]) => [term("dt", name), term("dd", value)]));
}

/**
 * @param {string} tag
 * @param {string} text
 */
function term(tag, text) {
  const node = document.createElement(tag);
  node.textContent = text;
  return node;
}

/**
 * Changes a text only when it differs, so that it is not read out again.
 * @param {HTMLElement} node
 * @param {string} text
 */
function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function goLive() {
  const edge = player?.edgeSeconds();
  if (edge !== undefined) video.currentTime = edge;
  void play();
}

video.muted = options.muted;
video.controls = options.controls;
page.live.addEventListener("click", goLive);
page.play.addEventListener("click", () => void play());
page.retry.addEventListener("click", retry);
page.unmute.addEventListener("click", () => {
  video.muted = false;
});
window.addEventListener("online", () => retryAtMs > 0 && retry());
for (const event of ["playing", "waiting", "pause", "seeked", "volumechange"])
  video.addEventListener(event, render);
setInterval(watch, 500);
retry();
