/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 */
function part(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page lacks #${id}`);
  return found;
}

/** The elements of the player page. */
export function findParts() {
  return {
    root: part("player", HTMLElement),
    video: part("video", HTMLVideoElement),
    still: part("still", HTMLCanvasElement),
    logo: part("logo", HTMLImageElement),
    poster: part("poster", HTMLImageElement),
    mark: part("mark", HTMLImageElement),
    overlay: part("overlay", HTMLDivElement),
    spinner: part("spinner", HTMLDivElement),
    headline: part("headline", HTMLParagraphElement),
    explanation: part("explanation", HTMLParagraphElement),
    retry: part("retry", HTMLButtonElement),
    play: part("play", HTMLButtonElement),
    live: part("live", HTMLButtonElement),
    liveText: part("live-text", HTMLSpanElement),
    unmute: part("unmute", HTMLButtonElement),
    stats: part("stats", HTMLDListElement),
    notice: part("notice", HTMLParagraphElement),
    bar: part("bar", HTMLDivElement),
    position: part("position", HTMLInputElement),
    toggle: part("toggle", HTMLButtonElement),
    mute: part("mute", HTMLButtonElement),
    volume: part("volume", HTMLInputElement),
    openSettings: part("open-settings", HTMLButtonElement),
    fullscreen: part("fullscreen", HTMLButtonElement),
    settings: part("settings", HTMLDivElement),
    said: part("said", HTMLDivElement),
  };
}

/** @typedef {ReturnType<typeof findParts>} Parts */
