import { byId, setText } from "./dom.js";
import { formatBitrate, formatCount } from "./format.js";
import { StreamDetail } from "./stream-detail.js";
import { StreamList } from "./stream-list.js";

/** @typedef {import("@millrace/model").StreamInfo} StreamInfo */

/** From the end of one refresh to the beginning of the next, milliseconds. */
const REFRESH_MS = 2000;
const ANSWER_WITHIN_MS = 6000;
/** With more streams than this there is a field to find one. */
const FILTER_FROM = 8;

const page = {
  summary: byId("summary"),
  trouble: byId("trouble"),
  waiting: byId("waiting"),
  empty: byId("empty"),
  work: byId("work"),
  filterLabel: byId("filter-label"),
};
const filter = /** @type {HTMLInputElement} */ (byId("filter"));
const list = new StreamList(byId("streams"), select);
const detail = new StreamDetail(byId("detail"), (text) => setText(byId("said"), text));

/** @type {readonly StreamInfo[]} */
let streams = [];
/** @type {Date | undefined} */
let answeredAt;

/** The stream named after the `#` of the address, or the first that runs. */
function selected() {
  const wanted = decodeHash(location.hash);
  return (
    streams.find((stream) => stream.name === wanted) ?? streams.find((stream) => stream.running) ?? streams[0]
  );
}

/** @param {string} hash */
function decodeHash(hash) {
  try {
    return decodeURIComponent(hash.slice(1));
  } catch {
    return "";
  }
}

/** @param {string} name */
function select(name) {
  history.replaceState(null, "", `#${encodeURIComponent(name)}`);
  render();
  // On a narrow screen the player stands above the list.
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  byId("detail").scrollIntoView({ block: "nearest", behavior: still ? "auto" : "smooth" });
}

function render() {
  page.waiting.hidden = true;
  page.empty.hidden = streams.length > 0;
  page.work.hidden = streams.length === 0;
  page.filterLabel.hidden = streams.length <= FILTER_FROM;
  const stream = selected();
  list.update(streams, stream?.name, page.filterLabel.hidden ? "" : filter.value);
  if (stream) detail.update(stream);
  const viewers = streams.reduce((sum, one) => sum + one.viewers, 0);
  const bits = streams.reduce((sum, one) => sum + one.bitrate, 0);
  const running = streams.filter((one) => one.running).length;
  const words = [
    `${running} of ${formatCount(streams.length, "stream", "streams")} running`,
    formatCount(viewers, "viewer", "viewers"),
    `${formatBitrate(bits)} in`,
  ];
  setText(page.summary, streams.length === 0 ? "" : words.join(" · "));
}

/** @param {string} text empty: no trouble */
function showTrouble(text) {
  setText(page.trouble, text);
  page.trouble.hidden = text === "";
  page.work.classList.toggle("stale", text !== "");
  if (text !== "" && answeredAt === undefined) page.waiting.hidden = true;
}

async function refresh() {
  try {
    const response = await fetch("/api/v1/streams", {
      headers: { accept: "application/json" },
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    if (response.status === 401 || response.status === 403) {
      return showTrouble("The server does not let this page see its streams: sign in first.");
    }
    if (!response.ok)
      return showTrouble(`The server answered with an error (${response.status}). Trying again…`);
    streams = await response.json();
    answeredAt = new Date();
    showTrouble("");
    render();
  } catch {
    const since = answeredAt ? ` since ${answeredAt.toLocaleTimeString()}: what you see is from then` : "";
    showTrouble(`The server has not answered${since}. Trying again…`);
  }
}

async function refreshForever() {
  for (;;) {
    if (!document.hidden) await refresh();
    await new Promise((resolve) => setTimeout(resolve, REFRESH_MS));
  }
}

filter.addEventListener("input", render);
window.addEventListener("hashchange", render);
document.addEventListener("visibilitychange", () => document.hidden || void refresh());
void refreshForever();
