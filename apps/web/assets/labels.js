import { formatBitrate } from "./format.js";

/**
 * "720p · 2.10 Mbit/s": what tells a picture from the others.
 * @param {{ height?: number | undefined, bitrate?: number | undefined }} quality bits a second
 */
export function qualityLabel({ height, bitrate }) {
  const words = [...(height ? [`${height}p`] : []), ...(bitrate ? [formatBitrate(bitrate)] : [])];
  return words.join(" · ") || "Picture";
}

/**
 * What each of several sounds or subtitles is called: its language, its own name, or the word and its place.
 * @param {readonly { language?: string | null | undefined, name?: string | undefined }[]} tracks
 * @param {string} word
 */
export function trackLabels(tracks, word) {
  const labels = tracks.map(({ language, name }, i) => languageName(language) || name || `${word} ${i + 1}`);
  return labels.map((label, i) => {
    const same = labels.filter((other) => other === label).length;
    const name = tracks[i]?.name;
    return same > 1 ? `${label} (${name && name !== label ? name : i + 1})` : label;
  });
}

/**
 * Name of a language by its code, ISO 639 or BCP 47; empty without one.
 * @param {string | null | undefined} code
 */
function languageName(code) {
  if (!code || code === "und") return "";
  try {
    return new Intl.DisplayNames(["en"], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}
