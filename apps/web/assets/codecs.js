/**
 * What the server says of a stream's tracks, in `media_info.json`.
 * @typedef {{ content: string, codec: string, track_id: string, lang?: string, title?: string }} TrackFacts
 */

/** Names that people know. @type {Record<string, string>} */
const NAMES = {
  h264: "H.264",
  h265: "H.265",
  mpeg1video: "MPEG-1",
  mpeg2video: "MPEG-2",
  mpeg4: "MPEG-4",
  av1: "AV1",
  vp8: "VP8",
  vp9: "VP9",
  aac: "AAC",
  mpa: "MPEG audio",
  ac3: "AC-3",
  eac3: "E-AC-3",
  ac4: "AC-4",
  dts: "DTS",
  opus: "Opus",
  flac: "FLAC",
  pcm: "PCM",
};

/** One usual form of each, to ask a browser about. @type {Record<string, string>} */
const TYPES = {
  h264: 'video/mp4; codecs="avc1.64001f"',
  h265: 'video/mp4; codecs="hvc1.1.6.L93.B0"',
  av1: 'video/mp4; codecs="av01.0.05M.08"',
  vp8: 'video/webm; codecs="vp8"',
  vp9: 'video/mp4; codecs="vp09.00.31.08"',
  aac: 'audio/mp4; codecs="mp4a.40.2"',
  mpa: "audio/mpeg",
  ac3: 'audio/mp4; codecs="ac-3"',
  eac3: 'audio/mp4; codecs="ec-3"',
  ac4: 'audio/mp4; codecs="ac-4.02.01.01"',
  opus: 'audio/mp4; codecs="opus"',
  flac: 'audio/mp4; codecs="flac"',
};

/** @param {string} codec */
function codecName(codec) {
  return NAMES[codec] ?? codec;
}

/**
 * Names of what this browser cannot decode: of the picture, or of the sound, if there is any and all of it is so.
 * @typedef {{ video?: string, audio?: string }} Undecodable
 */

/**
 * @param {readonly TrackFacts[]} tracks
 * @param {(type: string) => boolean} canPlay
 * @returns {Undecodable}
 */
export function undecodableOf(tracks, canPlay) {
  const video = undecodable(tracks, "video", canPlay);
  const audio = undecodable(tracks, "audio", canPlay);
  return { ...(video === undefined ? {} : { video }), ...(audio === undefined ? {} : { audio }) };
}

/**
 * @param {readonly TrackFacts[]} tracks
 * @param {string} content
 * @param {(type: string) => boolean} canPlay
 */
function undecodable(tracks, content, canPlay) {
  const wanted = tracks.filter((track) => track.content === content);
  const some = wanted.some(({ codec }) => {
    const type = TYPES[codec];
    return type !== undefined && canPlay(type);
  });
  return some || wanted[0] === undefined ? undefined : codecName(wanted[0].codec);
}

/** Name of the first sound's codec. @param {readonly TrackFacts[]} tracks */
export function soundName(tracks) {
  return codecName(tracks.find(({ content }) => content === "audio")?.codec ?? "");
}

/**
 * Nothing of the stream can be played.
 * @param {readonly TrackFacts[]} tracks
 * @param {Undecodable} lacking
 */
export function isHopeless(tracks, lacking) {
  const kinds = new Set(tracks.map(({ content }) => content));
  const { video, audio } = lacking;
  const picture = kinds.has("video") && video === undefined;
  const sound = kinds.has("audio") && audio === undefined;
  return (video ?? audio) !== undefined && !picture && !sound;
}

/**
 * In a sentence; empty when there is nothing.
 * @param {Undecodable} lacking
 */
export function undecodableText({ video, audio }) {
  const words = [...(video ? [`${video} video`] : []), ...(audio ? [`${audio} sound`] : [])];
  return words.length === 0 ? "" : `This browser cannot decode ${words.join(" and ")}.`;
}

/** @param {string} type */
export function browserPlays(type) {
  if (globalThis.MediaSource?.isTypeSupported(type)) return true;
  return document.createElement("video").canPlayType(type) !== "";
}
