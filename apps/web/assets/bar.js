import { setText } from "./dom.js";

/** @typedef {import("./page-parts.js").Parts} Parts */
/** @typedef {import("./playback.js").Playback} Playback */
/** @typedef {import("./player-options.js").PlayerOptions} PlayerOptions */

/** This far behind where it should be counts as not live, seconds. */
const BEHIND_SECONDS = 8;
const VOLUME_STEP = 0.1;

/** The controls at the edge of the picture. */
export class Bar {
  #parts;
  #playback;
  #options;
  /** The viewer holds the slider. */
  #isSeeking = false;

  /**
   * @param {object} of
   * @param {Parts} of.parts
   * @param {Playback} of.playback
   * @param {PlayerOptions} of.options
   * @param {() => void} of.toggle plays or pauses
   */
  constructor({ parts, playback, options, toggle }) {
    this.#parts = parts;
    this.#playback = playback;
    this.#options = options;
    const { video, position, volume } = parts;
    parts.toggle.addEventListener("click", toggle);
    parts.mute.addEventListener("click", () => this.toggleSound());
    parts.unmute.addEventListener("click", () => this.toggleSound());
    parts.live.addEventListener("click", () => playback.goLive());
    parts.fullscreen.addEventListener("click", () => void this.toggleFullscreen());
    volume.addEventListener("input", () => this.setVolume(Number(volume.value) / 100));
    position.addEventListener("input", () => (this.#isSeeking = true));
    position.addEventListener("change", () => {
      this.#isSeeking = false;
      const { end } = this.#window();
      video.currentTime = end + Number(position.value);
    });
  }

  /** @param {boolean} isClear nothing covers the picture */
  render(isClear) {
    const { video, bar, live, toggle, mute, unmute, fullscreen, volume } = this.#parts;
    const { moved, player } = this.#playback;
    const isUsed = moved && player !== undefined;
    bar.hidden = !this.#options.controls;
    const isOn = this.#playback.wanted && !(isUsed && video.paused) && this.#playback.problem === undefined;
    label(toggle, isOn ? "Pause" : "Play", isOn);
    const isSilent = video.muted || video.volume === 0;
    label(mute, isSilent ? "Sound on" : "Mute", !isSilent);
    const level = isSilent ? 0 : Math.round(video.volume * 100);
    if (document.activeElement !== volume || Number(volume.value) !== level) volume.value = String(level);
    volume.style.setProperty("--part", `${level}%`);
    unmute.hidden = !(
      isUsed &&
      isClear &&
      video.muted &&
      (this.#playback.silenced || !this.#options.controls)
    );
    label(
      fullscreen,
      fullscreenElement() ? "Leave full screen" : "Full screen",
      Boolean(fullscreenElement()),
    );
    fullscreen.hidden = !canFullscreen(this.#parts);
    live.hidden = !(isUsed && isClear);
    if (!live.hidden) this.#renderLive();
    this.#renderPosition(isUsed);
  }

  #renderLive() {
    const { video, live, liveText } = this.#parts;
    const edge = this.#playback.player?.edgeSeconds();
    const behindSeconds = edge === undefined ? 0 : edge - video.currentTime;
    const isBehind = video.paused || behindSeconds > BEHIND_SECONDS;
    live.disabled = !isBehind;
    live.dataset["state"] = isBehind ? "behind" : "live";
    live.title = isBehind ? "Go to the live picture (L)" : "";
    const distance = behindSeconds > BEHIND_SECONDS ? `${duration(behindSeconds)} behind · ` : "";
    setText(liveText, isBehind ? `${distance}GO LIVE` : "LIVE");
  }

  /** @param {boolean} isUsed */
  #renderPosition(isUsed) {
    const { video, position } = this.#parts;
    const { start, end } = this.#window();
    position.hidden = !(isUsed && this.#options.agoSeconds > 0 && end - start > 2);
    if (position.hidden || this.#isSeeking) return;
    position.min = String(Math.floor(start - end));
    position.max = "0";
    const at = Math.min(0, video.currentTime - end);
    position.value = String(at);
    position.setAttribute("aria-valuetext", at > -2 ? "live" : `${duration(-at)} behind live`);
    position.style.setProperty(
      "--part",
      `${(100 * (video.currentTime - start)) / Math.max(1, end - start)}%`,
    );
  }

  /** What the viewer may move in, seconds. */
  #window() {
    const { video } = this.#parts;
    const { seekable } = video;
    const edge = this.#playback.player?.edgeSeconds() ?? video.currentTime;
    const first = seekable.length > 0 ? seekable.start(0) : edge;
    const back = this.#options.agoSeconds > 0 ? this.#options.agoSeconds : Number.POSITIVE_INFINITY;
    return { start: Math.max(first, edge - back), end: edge };
  }

  /** @param {number} seconds */
  seekBy(seconds) {
    const { start, end } = this.#window();
    if (end - start < 2) return;
    const { video } = this.#parts;
    video.currentTime = Math.min(end, Math.max(start + 0.5, video.currentTime + seconds));
  }

  toggleSound() {
    const { video } = this.#parts;
    video.muted = !video.muted;
    if (!video.muted && video.volume === 0) video.volume = 0.5;
    this.#playback.silenced = false;
    this.say(video.muted ? "Sound off" : "Sound on");
  }

  /** @param {number} volume 0 to 1 */
  setVolume(volume) {
    const { video } = this.#parts;
    video.volume = Math.min(1, Math.max(0, volume));
    video.muted = video.volume === 0;
    this.#playback.silenced = false;
  }

  /** @param {1 | -1} direction */
  changeVolume(direction) {
    const { video } = this.#parts;
    this.setVolume(Math.round(((video.muted ? 0 : video.volume) + direction * VOLUME_STEP) * 10) / 10);
    this.say(`Volume ${Math.round(video.volume * 100)} %`);
  }

  async toggleFullscreen() {
    const { root, video } = this.#parts;
    if (fullscreenElement()) return document.exitFullscreen();
    try {
      await root.requestFullscreen();
    } catch {
      // Telephones of Apple's have it for videos only.
      /** @type {{ webkitEnterFullscreen?: () => void }} */ (video).webkitEnterFullscreen?.();
    }
  }

  /** Reads a text out. @param {string} text */
  say(text) {
    setText(this.#parts.said, text);
  }
}

const fullscreenElement = () => document.fullscreenElement;

/** @param {Parts} parts */
function canFullscreen({ video }) {
  return document.fullscreenEnabled || "webkitEnterFullscreen" in video;
}

/**
 * @param {HTMLButtonElement} button
 * @param {string} text
 * @param {boolean} isOn
 */
function label(button, text, isOn) {
  const state = isOn ? "on" : "off";
  if (button.dataset["state"] === state && button.getAttribute("aria-label") === text) return;
  button.dataset["state"] = state;
  button.setAttribute("aria-label", text);
}

/** "12 s", "3:05 min": @param {number} seconds */
function duration(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")} min`;
}
