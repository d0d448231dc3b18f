import { qualityLabel, trackLabels } from "./labels.js";
import { problemOfUrl } from "./problems.js";

/** @typedef {import("./playback.js").PlayerHooks} PlayerHooks */
/** @typedef {import("./playback.js").Player} Player */
/** @typedef {import("./playback.js").Choice} Choice */
/** @typedef {import("dashjs").MediaPlayerClass} MediaPlayerClass */

/** @typedef {import("dashjs").MediaInfo} DashTrack */

/** What stands before the place of a picture that is a track of its own. */
const TRACK_ID = "track ";

/** A variable: it is the server that has this module. */
const LIBRARY = "/-/dash.js";

/**
 * Plays a live presentation with dash.js.
 * @param {HTMLVideoElement} video
 * @param {string} url
 * @param {PlayerHooks} hooks
 * @returns {Promise<Player | undefined>}
 */
export async function startDash(video, url, hooks) {
  const { MediaPlayer } = /** @type {typeof import("dashjs")} */ (await import(LIBRARY));
  if (hooks.late()) return undefined;
  const dash = MediaPlayer().create();
  dash.updateSettings({
    // LogLevel 0: the page says what is wrong.
    debug: { logLevel: 0 },
    streaming: {
      buffer: { bufferToKeep: 30 },
      delay: { useSuggestedPresentationDelay: true },
      // It was seen to stand still with a second in hand, before a pause of the source.
      gaps: { enableStallFix: true },
    },
  });
  dash.on("error", ({ error }) => {
    const { code } = /** @type {{ code?: number }} */ (error ?? {});
    if (!PASSING_ERRORS.includes(code ?? 0)) void explain(url, code ?? 0).then(hooks.problem);
  });
  dash.on("manifestLoaded", ({ data }) => {
    if (/** @type {{ type?: string }} */ (data)?.type === "static") hooks.ending();
  });
  dash.on("playbackNotAllowed", hooks.refused);
  // It goes on loading only if it sees the video begin to play, so it has to begin it itself.
  video.pause();
  dash.initialize(video, new URL(url, location.href).href, true);
  return {
    playsItself: true,
    stop: () => dash.destroy(),
    latency() {
      const seconds = plays(dash) ? dash.getCurrentLiveLatency() : Number.NaN;
      return seconds > 0 ? { seconds } : undefined;
    },
    targetSeconds: () => (plays(dash) ? dash.getTargetLiveDelay() : undefined),
    edgeSeconds: () => liveEdge(video, dash),
    bitsPerSecond: () => (plays(dash) ? currentBitrate(dash) : undefined),
    goLive: () => dash.seekToOriginalLive(),
    choices: () => {
      if (!plays(dash)) return { quality: [], language: [], subtitles: [] };
      return { quality: qualities(dash), language: languages(dash), subtitles: subtitles(dash) };
    },
    choose: (group, id) => choose(dash, group, id),
  };
}

/** It knows the presentation; before, most questions make it throw. @param {MediaPlayerClass} dash */
function plays(dash) {
  return dash.isReady() && Boolean(dash.getActiveStream());
}

/**
 * @param {HTMLVideoElement} video
 * @param {MediaPlayerClass} dash
 */
function liveEdge(video, dash) {
  if (!plays(dash)) return undefined;
  const behind = dash.getCurrentLiveLatency() - dash.getTargetLiveDelay();
  return Number.isFinite(behind) ? video.currentTime + behind : undefined;
}

/** @param {MediaPlayerClass} dash */
function currentBitrate(dash) {
  const video = dash.getCurrentRepresentationForType("video")?.bandwidth ?? 0;
  const audio = dash.getCurrentRepresentationForType("audio")?.bandwidth ?? 0;
  return video + audio || undefined;
}

/** @param {MediaPlayerClass} dash @returns {Choice[]} */
function qualities(dash) {
  const all = dash.getRepresentationsByType("video");
  if (all.length < 2) return pictures(dash);
  const isAuto = dash.getSettings().streaming?.abr?.autoSwitchBitrate?.video !== false;
  const now = dash.getCurrentRepresentationForType("video")?.id;
  const named = all.map(({ id, height, bandwidth }) => ({
    id,
    label: qualityLabel({ height, bitrate: bandwidth }),
    chosen: !isAuto && id === now,
    order: bandwidth,
  }));
  named.sort((a, b) => b.order - a.order);
  return [{ id: "auto", label: "Automatic", chosen: isAuto }, ...named];
}

/**
 * @param {readonly { lang: string | null }[]} tracks
 * @param {string} word
 */
function labelsOf(tracks, word) {
  return trackLabels(
    tracks.map(({ lang }) => ({ language: lang })),
    word,
  );
}

/** Pictures in adaptation sets of their own, between which it does not switch by itself. @param {MediaPlayerClass} dash */
function pictures(dash) {
  const tracks = dash.getTracksFor("video");
  if (tracks.length < 2) return [];
  const now = dash.getCurrentTrackFor("video");
  return tracks.map((track, i) => {
    const best = track.bitrateList?.at(-1);
    return {
      id: `${TRACK_ID}${i}`,
      label: qualityLabel({ height: best?.height, bitrate: best?.bandwidth }),
      chosen: isSame(track, now),
    };
  });
}

/**
 * @param {DashTrack} track
 * @param {DashTrack | null} other
 */
function isSame(track, other) {
  return track.id === other?.id && track.index === other?.index;
}

/** @param {MediaPlayerClass} dash @returns {Choice[]} */
function languages(dash) {
  const tracks = dash.getTracksFor("audio");
  if (tracks.length < 2) return [];
  const now = dash.getCurrentTrackFor("audio");
  return labelsOf(tracks, "Sound").map((label, i) => ({
    id: String(i),
    label,
    chosen: isSame(/** @type {DashTrack} */ (tracks[i]), now),
  }));
}

/** @param {MediaPlayerClass} dash @returns {Choice[]} */
function subtitles(dash) {
  const tracks = dash.getTracksFor("text");
  if (tracks.length === 0) return [];
  const now = dash.isTextEnabled() ? dash.getCurrentTextTrackIndex() : -1;
  const named = labelsOf(tracks, "Subtitles").map((label, i) => ({
    id: String(i),
    label,
    chosen: i === now,
  }));
  return [{ id: "-1", label: "Off", chosen: now < 0 }, ...named];
}

/**
 * @param {MediaPlayerClass} dash
 * @param {string} group
 * @param {string} id
 */
function choose(dash, group, id) {
  if (group === "quality" && id.startsWith(TRACK_ID)) {
    const track = dash.getTracksFor("video")[Number(id.slice(TRACK_ID.length))];
    if (track !== undefined) dash.setCurrentTrack(track);
  } else if (group === "quality") {
    const isAuto = id === "auto";
    dash.updateSettings({ streaming: { abr: { autoSwitchBitrate: { video: isAuto } } } });
    if (!isAuto) dash.setRepresentationForTypeById("video", id, true);
  } else if (group === "language") {
    const track = dash.getTracksFor("audio")[Number(id)];
    if (track !== undefined) dash.setCurrentTrack(track);
  } else {
    dash.enableText(id !== "-1");
    dash.setTextTrack(Number(id));
  }
}

/** What it cannot play: no MSE, nothing playable, sound and picture in one, no decoder. */
const CODEC_ERRORS = [23, 32, 34, 35];
/** What it may get over: clocks, segments and subtitles that are not there. If it does not, the picture stands still. */
const PASSING_ERRORS = [12, 15, 16, 17, 19, 26, 27, 28, 29, 33];

/**
 * @param {string} url
 * @param {number} code of dash.js
 */
function explain(url, code) {
  return problemOfUrl(url, CODEC_ERRORS.includes(code) ? "codec" : "broken");
}
