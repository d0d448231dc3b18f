/**
 * Why nothing is to be seen, in words.
 * @typedef {object} Problem
 * @property {string} headline
 * @property {string} explanation
 * @property {boolean} hopeless trying again will not help: it is tried rarely
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
  },
  broken: {
    headline: "Playback broke off",
    explanation: "The video could not be read.",
    hopeless: false,
  },
  stalled: {
    headline: "Waiting for video",
    explanation: "Nothing has arrived for a while.",
    hopeless: false,
  },
  ended: {
    headline: "Stream has ended",
    explanation: "It starts here by itself when it is back.",
    hopeless: false,
  },
  unsupported: {
    headline: "Cannot play here",
    explanation: "This browser plays no live streams.",
    hopeless: true,
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
  if (status === 429) return "busy";
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
 * Time to wait before the next attempt, milliseconds: 1 s, 2 s, 4 s… up to 15 s; a minute when it is hopeless.
 * @param {number} attempt 0 for the first
 * @param {boolean} hopeless
 */
export function retryDelayMs(attempt, hopeless) {
  return hopeless ? 60_000 : Math.min(15_000, 1000 * 2 ** attempt);
}
