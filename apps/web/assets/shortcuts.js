const STEP_SECONDS = 5;

/**
 * The keyboard: space and K play or pause, M is for the sound, F for the full screen, L for live, arrows for position and
 * volume, Escape closes the settings.
 * @param {object} of
 * @param {import("./bar.js").Bar} of.bar
 * @param {import("./playback.js").Playback} of.playback
 * @param {import("./settings-panel.js").SettingsPanel} of.settings
 * @param {() => void} of.toggle
 * @param {HTMLVideoElement} of.video
 */
export function listenToKeys({ bar, playback, settings, toggle, video }) {
  /** @type {Record<string, () => void>} */
  const keys = {
    k: toggle,
    m: () => bar.toggleSound(),
    f: () => void bar.toggleFullscreen(),
    l: () => playback.goLive(),
    ArrowLeft: () => bar.seekBy(-STEP_SECONDS),
    ArrowRight: () => bar.seekBy(STEP_SECONDS),
    ArrowUp: () => bar.changeVolume(1),
    ArrowDown: () => bar.changeVolume(-1),
    " ": toggle,
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape" && settings.isOpen) {
      settings.close();
      return;
    }
    const action = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (action === undefined || usesKey(event.target, event.key)) return;
    event.preventDefault();
    action();
    bar.render(playback.problem === undefined && video.readyState >= 2);
  });
}

/**
 * A control that has the focus keeps the keys that mean something to it.
 * @param {EventTarget | null} target
 * @param {string} key
 */
function usesKey(target, key) {
  if (target instanceof HTMLInputElement) return key.startsWith("Arrow") || key === " ";
  return target instanceof HTMLButtonElement && key === " ";
}
