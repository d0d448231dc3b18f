import { Bar } from "./bar.js";
import { setText } from "./dom.js";
import { codecNotice, renderOverlay } from "./overlay.js";
import { findParts } from "./page-parts.js";
import { Playback } from "./playback.js";
import { readPlayerOptions } from "./player-options.js";
import { SettingsPanel } from "./settings-panel.js";
import { listenToKeys } from "./shortcuts.js";
import { renderStats } from "./stats.js";

const WATCH_MS = 500;
/** The controls go away when nobody has moved anything for this long, milliseconds. */
const IDLE_MS = 3000;

const options = readPlayerOptions(location.search);
const parts = findParts();
const { video, root } = parts;
const playback = new Playback({
  video,
  options,
  streamName: document.body.dataset["stream"] ?? "",
  onRelease: keepPicture,
});
const bar = new Bar({ parts, playback, options, toggle });
const view = { stats: options.stats };
const settings = new SettingsPanel({ parts, playback, view, onChange: render });
let busyAtMs = performance.now();
let onlyWakes = false;

/** The last picture stays behind the words that say why there is no next one. */
function keepPicture() {
  const { still } = parts;
  if (video.videoWidth === 0) return;
  still.width = video.videoWidth;
  still.height = video.videoHeight;
  still.getContext("2d")?.drawImage(video, 0, 0);
  still.hidden = false;
}

function toggle() {
  // The watch learns that the picture moves when somebody may have pressed the key already.
  const hasMoved = playback.moved || video.played.length > 0;
  if (hasMoved && !video.paused) video.pause();
  else if (playback.problem !== undefined) playback.retry();
  else void playback.play();
  render();
}

function render() {
  if (playback.moved) parts.still.hidden = true;
  const isCovered = renderOverlay(parts, playback);
  bar.render(!isCovered);
  const notice = isCovered ? "" : codecNotice(playback);
  setText(parts.notice, notice);
  parts.notice.hidden = notice === "";
  const isIdle = performance.now() - busyAtMs > IDLE_MS && !settings.isOpen;
  root.classList.toggle("idle", isIdle && !video.paused && playback.moved && !isCovered);
  parts.stats.hidden = !view.stats || playback.player === undefined;
  if (!parts.stats.hidden) renderStats(parts.stats, video, playback);
  settings.render();
}

/** @param {Event} event */
function stir(event) {
  // The first touch brings the controls back, and does nothing else.
  const isTouch = event instanceof PointerEvent && event.pointerType === "touch";
  if (event.type === "pointerdown") onlyWakes = isTouch && root.classList.contains("idle");
  busyAtMs = performance.now();
  if (root.classList.contains("idle")) render();
}

video.muted = options.muted;
// Where the page has no controls of its own, the video must not take the focus either.
video.tabIndex = -1;
for (const [picture, path] of /** @type {const} */ ([
  [parts.logo, options.logo],
  [parts.poster, options.poster],
])) {
  if (path === "") continue;
  picture.src = path;
  picture.hidden = false;
}
parts.mark.hidden = options.poster !== "";
parts.play.addEventListener("click", () => {
  void playback.play();
  parts.toggle.focus();
});
parts.retry.addEventListener("click", () => playback.retry());
video.addEventListener("click", () => {
  if (settings.isOpen) settings.close();
  else if (!onlyWakes) toggle();
});
video.addEventListener("dblclick", () => void bar.toggleFullscreen());
for (const event of ["pointermove", "pointerdown", "keydown", "focusin"])
  addEventListener(event, stir, { passive: true });
for (const event of ["playing", "waiting", "pause", "play", "seeked", "volumechange"])
  video.addEventListener(event, render);
addEventListener("online", () => playback.retryAtMs > 0 && playback.retry());
listenToKeys({ bar, playback, settings, toggle, video });

if (options.recording) playback.refuse("recording");
else if (options.autoplay) playback.retry();
setInterval(() => {
  playback.watch();
  render();
}, WATCH_MS);
render();
