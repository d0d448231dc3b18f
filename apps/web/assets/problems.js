/**
 * Why nothing is to be seen, in words.
 * @typedef {object} Problem
 * @property {string} headline
 * @property {string} explanation
 * @property {boolean} hopeless trying again will not help: it is tried rarely, or not at all
 * @property {boolean} [elsewhere] another format may do better
 * @property {string} [action] what the button says; "Try now" otherwise
 */

/** @type {Record<string, Problem>} */
export const PROBLEMS = {
  offline: {
    headline: "Stream is offline",
    explanation: "Nothing is being sent right now. It starts here by itself when it is back.",
    hopeless: false,
  },
  missing: {
    headline: "No such stream",
    explanation: "The server knows no stream of this name.",
    hopeless: false,
  },
  absent: {
    headline: "Not available in this format",
    explanation: "The server does not offer the stream in this format.",
    hopeless: false,
    elsewhere: true,
  },
  forbidden: {
    headline: "Not allowed",
    explanation: "The server does not let this page watch the stream.",
    hopeless: true,
  },
  busy: {
    headline: "Server is full",
    explanation: "Too many viewers at the moment.",
    hopeless: false,
  },
  network: {
    headline: "No connection",
    explanation: "The server does not answer.",
    hopeless: false,
  },
  codec: {
    headline: "Cannot play this format",
    explanation: "This browser does not know the stream's video or audio format.",
    hopeless: true,
    elsewhere: true,
  },
  broken: {
    headline: "Playback broke off",
    explanation: "The video could not be read.",
    hopeless: false,
    elsewhere: true,
  },
  stalled: {
    headline: "Waiting for video",
    explanation: "Nothing has arrived for a while.",
    hopeless: false,
    elsewhere: true,
  },
  ended: {
    headline: "Stream has ended",
    explanation: "It starts here by itself when it is back.",
    hopeless: false,
  },
  unsupported: {
    headline: "Cannot play here",
    explanation: "This browser cannot play live streams in this format.",
    hopeless: true,
    elsewhere: true,
  },
  format: {
    headline: "Unknown format",
    explanation:
      "The page's address asks for a format that this player does not have: it has auto, ll, hls, dash, mse, flv and mp4.",
    hopeless: true,
  },
  recording: {
    headline: "No recordings here",
    explanation:
      "The page's address asks for a recording, and this server keeps none. You can watch what is live.",
    hopeless: true,
    action: "Watch live",
  },
  done: {
    headline: "Are you still watching?",
    explanation: "Playback has stopped to save your data.",
    hopeless: true,
    action: "Go on",
  },
};

/**
 * The problem behind a status of HTTP; 0 is no answer.
 * @param {number} status
 */
export function problemOfStatus(status) {
  if (status === 0) return "network";
  if (status === 404 || status === 410) return "missing";
  if (status === 401 || status === 403) return "forbidden";
  if (status === 406 || status === 415) return "codec";
  if (status === 429 || status === 409) return "busy";
  return "offline";
}

/**
 * The problem behind a fatal error of hls.js.
 * @param {{ type: string, details: string, status: number | undefined }} error
 */
export function problemOfHls(error) {
  const codec = ["bufferAddCodecError", "bufferIncompatibleCodecsError", "manifestIncompatibleCodecsError"];
  if (codec.includes(error.details)) return "codec";
  if (/TimeOut$/.test(error.details)) return "network";
  if (/^(manifest|level)LoadError$/.test(error.details)) return problemOfStatus(error.status ?? 0);
  if (/^(manifestParsing|levelEmpty|levelParsing|playlistUnchanged)Error$/.test(error.details))
    return "offline";
  if (error.type === "networkError") return error.status ? "offline" : "network";
  return "broken";
}

/**
 * Asks the server again what a player only reports as a failure.
 * @param {string} url
 * @param {string} otherwise the problem if the server has nothing to complain of
 */
export async function problemOfUrl(url, otherwise) {
  try {
    const response = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(8000) });
    await response.body?.cancel();
    return response.ok ? otherwise : problemOfStatus(response.status);
  } catch {
    return "network";
  }
}

/**
 * Time to wait before the next attempt, milliseconds: 1 s, 2 s, 4 s… up to 15 s; a minute when it is hopeless.
 * @param {number} attempt 0 for the first
 * @param {boolean} hopeless
 */
export function retryDelayMs(attempt, hopeless) {
  return hopeless ? 60_000 : Math.min(15_000, 1000 * 2 ** attempt);
}
