import { escapeHtml } from "./escape.ts";

// Scripts and styles come from the server itself only; hls.js runs its demultiplexer in a worker made from a blob.
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "media-src 'self' blob:",
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

/**
 * The page `/NAME/embed.html`: nothing but a player. It plays `index.m3u8` beside it; options come from the query
 * (`autoplay`, `muted`, `controls`, `stats`; 0 or 1), and `token` is passed on.
 */
export function renderEmbed(streamName: string): string {
  return `${renderHead({ title: `${streamName} · live`, style: "embed.css", scripts: ["embed.js"] })}
<body data-stream="${escapeHtml(streamName)}">
<video id="video" playsinline aria-label="${escapeHtml(streamName)}, live video"></video>
<button id="live" class="live" type="button" hidden><span aria-hidden="true" class="dot"></span><span
 id="live-text">LIVE</span></button>
<dl id="stats" class="stats" hidden></dl>
<button id="unmute" class="unmute" type="button" hidden>Sound on</button>
<button id="play" class="play" type="button" aria-label="Play" hidden><svg viewBox="0 0 24 24" width="40"
 height="40" aria-hidden="true"><path fill="currentColor" d="M8 5v14l11-7z"/></svg></button>
<div id="overlay" class="overlay" hidden>
<div id="spinner" class="spinner" aria-hidden="true"></div>
<p id="headline" class="headline" role="status"></p>
<p id="explanation" class="explanation"></p>
<button id="retry" type="button" hidden>Try now</button>
</div>
<noscript><p class="headline">This player needs JavaScript.</p></noscript>
</body>
</html>
`;
}
