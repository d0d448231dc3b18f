import { escapeHtml } from "./escape.ts";

// Scripts and styles come from the server itself only; hls.js runs its demultiplexer in a worker made from a blob, and makes
// tracks of subtitles from empty data URLs.
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "media-src 'self' blob: data:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
];

/** Content-Security-Policy of the start page. */
export const INDEX_POLICY: string = [...POLICY, "frame-ancestors 'self'"].join("; ");

/** Content-Security-Policy of the player page: any site may embed it. */
export const EMBED_POLICY: string = [...POLICY, "frame-ancestors *"].join("; ");

/** Content-Type of both pages. */
export const PAGE_TYPE = "text/html; charset=utf-8";

interface Head {
  readonly title: string;
  readonly style: string;
  readonly scripts: readonly string[];
}

function renderHead(head: Head): string {
  const scripts = head.scripts.map((name) => `<script src="/-/${name}" type="module"></script>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="same-origin">
<title>${escapeHtml(head.title)}</title>
<link rel="icon" href="/-/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/-/${head.style}">
${scripts.join("\n")}
</head>`;
}

const EXAMPLE = `stream demo {
  url fake://clock;
}`;

/** The start page: every stream at a glance, with a player. Fills itself from `GET /api/v1/streams`. */
export function renderIndex(): string {
  return `${renderHead({ title: "Millrace", style: "style.css", scripts: ["app.js"] })}
<body>
<header class="bar">
<img src="/-/logo.svg" alt="" width="40" height="40">
<h1>Millrace</h1>
<p id="summary" class="summary"></p>
</header>
<div id="trouble" class="trouble" role="alert" hidden></div>
<main>
<p id="waiting" class="waiting">Asking the server…</p>
<section id="empty" class="empty" aria-labelledby="empty-title" hidden>
<img src="/-/logo.svg" alt="" width="96" height="96">
<h2 id="empty-title">No streams yet</h2>
<p>Add one to <code>millrace.conf</code>, and it appears here:</p>
<pre><code>${escapeHtml(EXAMPLE)}</code></pre>
<p>The file is read again when it changes. <code>fake://clock</code> is a test picture; an address such as
<code>udp://239.0.0.1:1234</code> or <code>tshttp://host/stream</code> brings a real one.</p>
</section>
<div id="work" class="work" hidden>
<section class="streams" aria-labelledby="streams-title">
<h2 id="streams-title">Streams</h2>
<label id="filter-label" class="filter" hidden><span>Find a stream</span>
<input id="filter" type="search" autocomplete="off" spellcheck="false"></label>
<ul id="streams"></ul>
</section>
<section id="detail" class="detail" aria-labelledby="detail-title"></section>
</div>
</main>
<div id="said" class="unseen" aria-live="polite"></div>
<noscript><p class="trouble">This page needs JavaScript.</p></noscript>
</body>
</html>
`;
}

const icon = (path: string, state = ""): string =>
  `<svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"${state === "" ? "" : ` class="when-${state}"`}><path fill="currentColor" d="${path}"/></svg>`;

const PLAY = "M8 5v14l11-7z";
const PAUSE = "M6 5h4v14H6zm8 0h4v14h-4z";
const SOUND =
  "M4 9v6h4l5 5V4L8 9zm11.5 3a4 4 0 0 0-2-3.5v7a4 4 0 0 0 2-3.5zm-2-8.2v2.1a6.3 6.3 0 0 1 0 12.2v2.1a8.4 8.4 0 0 0 0-16.4z";
const SILENT =
  "M4 9v6h4l5 5V4L8 9zm11.7 1.1 1.4-1.4 1.9 1.9 1.9-1.9 1.4 1.4-1.9 1.9 1.9 1.9-1.4 1.4-1.9-1.9-1.9 1.9-1.4-1.4 1.9-1.9z";
const SETTINGS =
  "M4 6h9.2a3 3 0 0 1 5.6 0H20v2h-1.2a3 3 0 0 1-5.6 0H4zm0 10h1.2a3 3 0 0 1 5.6 0H20v2h-9.2a3 3 0 0 1-5.6 0H4z";
const LARGE = "M4 9V4h5v2H6v3zm11-5h5v5h-2V6h-3zM6 15v3h3v2H4v-5zm12 3v-3h2v5h-5v-2z";
const SMALL = "M7 4h2v5H4V7h3zm8 0h2v3h3v2h-5zM4 15h5v5H7v-3H4zm11 0h5v2h-3v3h-2z";

/**
 * The page `/NAME/embed.html`: nothing but a player of the stream beside it. What its query may say is read by
 * `assets/player-options.js`.
 */
export function renderEmbed(streamName: string): string {
  const name = escapeHtml(streamName);
  return `${renderHead({ title: `${streamName} · live`, style: "embed.css", scripts: ["embed.js"] })}
<body data-stream="${name}">
<main id="player" class="player" data-state="loading" aria-label="${name}, live">
<video id="video" playsinline aria-label="${name}, live video"></video>
<canvas id="still" class="still" aria-hidden="true" hidden></canvas>
<img id="logo" class="logo" alt="" hidden>
<div id="overlay" class="overlay">
<img id="poster" class="poster" alt="" hidden>
<img id="mark" class="mark" src="/-/logo.svg" alt="" width="72" height="72">
<div id="spinner" class="spinner" aria-hidden="true" hidden></div>
<p id="headline" class="headline" role="status"></p>
<p id="explanation" class="explanation"></p>
<button id="retry" type="button" hidden>Try now</button>
</div>
<button id="play" class="play" type="button" aria-label="Play" hidden>${icon(PLAY)}</button>
<div class="top">
<div class="badges">
<button id="unmute" class="unmute" type="button" hidden>${icon(SILENT)}Sound on</button>
<button id="live" class="live" type="button" hidden><span aria-hidden="true" class="dot"></span><span
 id="live-text">LIVE</span></button>
</div>
<dl id="stats" class="stats" aria-label="Statistics" hidden></dl>
</div>
<p id="notice" class="notice" role="status" hidden></p>
<div id="bar" class="bar" role="group" aria-label="Controls" hidden>
<input id="position" class="position" type="range" aria-label="Position" step="0.1" hidden>
<button id="toggle" type="button" aria-label="Play" title="Play (space)">${icon(PLAY, "off")}${icon(PAUSE, "on")}</button>
<button id="mute" type="button" aria-label="Mute" title="Mute (M)">${icon(SILENT, "off")}${icon(SOUND, "on")}</button>
<input id="volume" class="volume" type="range" min="0" max="100" step="5" aria-label="Volume">
<span class="space"></span>
<button id="open-settings" type="button" aria-label="Settings" title="Settings" aria-expanded="false"
 aria-controls="settings">${icon(SETTINGS)}</button>
<button id="fullscreen" type="button" aria-label="Full screen" title="Full screen (F)">${icon(LARGE, "off")}${icon(SMALL, "on")}</button>
</div>
<div id="settings" class="settings" role="dialog" aria-label="Settings" hidden></div>
<div id="said" class="unseen" aria-live="polite"></div>
</main>
<noscript><p class="headline">This player needs JavaScript.</p></noscript>
</body>
</html>
`;
}
