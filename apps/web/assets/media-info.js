/** @typedef {{ running: boolean, now: number, streams: import("./codecs.js").TrackFacts[] }} MediaInfo */

const ANSWER_WITHIN_MS = 5000;

/**
 * What the server says of the stream. `status` is 0 without an answer; `clockOffsetMs` is its clock less this one's.
 * @param {string} url
 * @returns {Promise<{ status: number, info?: MediaInfo, clockOffsetMs: number }>}
 */
export async function fetchMediaInfo(url) {
  const askedMs = Date.now();
  try {
    const response = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    if (!response.ok) return { status: response.status, clockOffsetMs: 0 };
    const info = /** @type {MediaInfo} */ (await response.json());
    return { status: response.status, info, clockOffsetMs: info.now - (askedMs + Date.now()) / 2 };
  } catch {
    return { status: 0, clockOffsetMs: 0 };
  }
}
