import { browserPlays, isHopeless, soundName, undecodableOf } from "./codecs.js";
import { startDash } from "./dash-player.js";
import { startFlv } from "./flv-player.js";
import { capabilitiesOf, formatOrder, formatUrl, withSoundFirst } from "./formats.js";
import { startHls } from "./hls-player.js";
import { fetchMediaInfo } from "./media-info.js";
import { startMse } from "./mse-format.js";
import { startNative } from "./native-player.js";
import { PROBLEMS, problemOfStatus, retryDelayMs } from "./problems.js";

/** @typedef {import("./player-options.js").PlayerOptions} PlayerOptions */

/**
 * What a player reports, and may ask.
 * @typedef {object} PlayerHooks
 * @property {(name: string) => void} problem it cannot go on; a name from `PROBLEMS`
 * @property {() => void} ending nothing follows
 * @property {() => void} refused the browser did not let it play
 * @property {() => boolean} late another one has taken its place
 * @property {string} factsUrl a plain document that has the same access check as the stream
 */

/** Something to choose from. @typedef {{ id: string, label: string, chosen: boolean }} Choice */
/** @typedef {"quality" | "language" | "subtitles"} Group */

/**
 * A running player.
 * @typedef {object} Player
 * @property {() => void} stop
 * @property {() => { seconds: number, atMs?: number } | undefined} latency of the picture shown; its UTC where that is known
 * @property {() => number | undefined} targetSeconds the latency that it keeps
 * @property {() => number | undefined} edgeSeconds where to be to watch live
 * @property {() => number | undefined} bitsPerSecond
 * @property {() => Record<Group, Choice[]>} choices empty where there is nothing to choose
 * @property {(group: Group, id: string) => void} choose
 * @property {boolean} [playsItself] it calls `video.play` by itself at the beginning
 * @property {() => void} [goLive] its own way; otherwise the page goes to `edgeSeconds`
 */

/** @type {Record<string, (video: HTMLVideoElement, url: string, hooks: PlayerHooks) => Promise<Player | undefined>>} */
const STARTERS = {
  ll: startHls,
  hls: startHls,
  dash: startDash,
  mse: startMse,
  native: startNative,
  mp4: startNative,
  flv: startFlv,
};

/** No movement for this long is told of, milliseconds. */
const STALL_MS = 6000;
/** No movement for this long starts the player anew, milliseconds. */
const GIVE_UP_MS = 20_000;
/** The same at the beginning, if there are other formats to try: servers make a first segment in less. */
const FIRST_PICTURE_MS = 25_000;
/** A playlist that has ended, and a picture that does not move for so long: that was all, milliseconds. */
const ENDED_MS = 1500;
/** By then sound has been decoded, if there is any, milliseconds. */
const HEARD_MS = 2500;
/** The server is asked this often whether something comes, milliseconds. */
const ASK_AGAIN_MS = 4000;

/** Plays the stream in whatever format works, and tries again when it breaks off. */
export class Playback {
  /** Why nothing is to be seen; a name from `PROBLEMS`. @type {string | undefined} */
  problem;
  /** The server gets nothing of the stream yet. */
  idle = false;
  /** What this browser cannot decode. @type {import("./codecs.js").Undecodable} */
  undecodable = {};
  /** Time of the next attempt, on the page's clock; 0: none is planned. */
  retryAtMs = 0;
  /** Picture or sound has moved since the last connection. */
  moved = false;
  /** The browser wants a click before anything. */
  blocked = false;
  /** Sound was turned off because the browser wants a click before it. */
  silenced = false;
  /** It shall play: autoplay, or somebody asked for it. */
  wanted = false;
  /** @type {Player | undefined} */
  player;
  /** Time since the picture moved last, milliseconds. */
  stillMs = 0;
  /** Chosen by the viewer or the page's address; "auto" otherwise. */
  chosenFormat;

  #video;
  #options;
  #streamName;
  #onRelease;
  /** Formats to try in turn. @type {string[]} */
  #order = [];
  #index = 0;
  /** The first problem of this round: those of the formats tried after it tell less. @type {string | undefined} */
  #firstProblem;
  /** The current format has played. */
  #proven = false;
  /** Counts the attempts of all time, so that a late answer to an old one is not taken. */
  #connection = 0;
  /** Attempts since it last played. */
  #attempt = 0;
  #ending = false;
  #lastPosition = -1;
  #movedAtMs = 0;
  #watchedAtMs = 0;
  #playedMs = 0;
  #askedAtMs = 0;
  #isHeard = false;
  /** The server's clock less the browser's. */
  #clockOffsetMs = 0;
  /** @type {readonly import("./codecs.js").TrackFacts[]} */
  #tracks = [];

  /**
   * @param {object} parts
   * @param {HTMLVideoElement} parts.video
   * @param {PlayerOptions} parts.options
   * @param {string} parts.streamName
   * @param {() => void} parts.onRelease called before a player's last picture goes
   */
  constructor({ video, options, streamName, onRelease }) {
    this.#video = video;
    this.#options = options;
    this.#streamName = streamName;
    this.#onRelease = onRelease;
    this.chosenFormat = options.format;
    this.#plan();
  }

  /** Format that plays or is tried now; empty if there is none. */
  get format() {
    return this.#order[this.#index] ?? "";
  }

  /** Formats that this browser can be told to play. */
  get formats() {
    const all = formatOrder({ format: "auto", realtime: true }, capabilitiesOf());
    return all.filter((id) => id !== "native" || !all.includes("hls"));
  }

  /** It has a picture track, and shows none. */
  get lacksPicture() {
    return this.#video.videoWidth === 0 && this.#tracks.some(({ content }) => content === "video");
  }

  /** It has sound tracks, and none was decoded. Only some browsers tell. */
  get lacksSound() {
    const video = /** @type {HTMLVideoElement & { webkitAudioDecodedByteCount?: number }} */ (this.#video);
    if (!this.moved || !this.#tracks.some(({ content }) => content === "audio")) return false;
    return this.#isHeard && video.webkitAudioDecodedByteCount === 0;
  }

  /** Name of the codec of the sound. */
  get soundName() {
    return soundName(this.#tracks);
  }

  /** Time from when the picture was sent to now, seconds. */
  get latencySeconds() {
    const latency = this.player?.latency();
    if (latency === undefined) return undefined;
    if (latency.atMs === undefined) return latency.seconds;
    const seconds = (Date.now() + this.#clockOffsetMs - latency.atMs) / 1000;
    // A stream that kept its own clock's times says nothing of ours.
    return seconds > -1 && seconds < 86_400 ? Math.max(0, seconds) : undefined;
  }

  /** Starts, or goes on. */
  async play() {
    this.wanted = true;
    this.blocked = false;
    if (this.player === undefined && this.retryAtMs === 0) return this.retry();
    await this.#playVideo();
  }

  /** Tries now, whatever was before. */
  retry() {
    if (this.problem === "done" || this.problem === "recording") this.problem = undefined;
    this.#playedMs = 0;
    this.#isHeard = false;
    this.wanted = true;
    void this.#connect();
  }

  /** Refuses to play what the page's address asks for. @param {string} problem */
  refuse(problem) {
    this.problem = problem;
  }

  /** @param {string} format "auto", or one of `formats` */
  setFormat(format) {
    this.chosenFormat = format;
    this.#plan();
    this.problem = undefined;
    this.retry();
  }

  goLive() {
    const edge = this.player?.edgeSeconds();
    if (this.player?.goLive !== undefined) this.player.goLive();
    else if (edge !== undefined) this.#video.currentTime = edge;
    void this.play();
  }

  /** To be called a few times a second. */
  watch() {
    const now = performance.now();
    if (this.retryAtMs > 0 && now >= this.retryAtMs) void this.#connect();
    const video = this.#video;
    const moved = video.currentTime !== this.#lastPosition;
    if (moved && this.#lastPosition >= 0 && video.readyState >= 2) this.#hasMoved(now);
    if (moved || (video.paused && video.readyState >= 2) || this.blocked) this.#movedAtMs = now;
    this.#lastPosition = video.currentTime;
    this.#watchedAtMs = now;
    this.stillMs = now - this.#movedAtMs;
    if (this.idle && !this.moved && now - this.#askedAtMs > ASK_AGAIN_MS) void this.#ask();
    if (this.player === undefined) return;
    const isLast = this.#index + 1 >= this.#order.length;
    const patienceMs = this.#proven || isLast ? GIVE_UP_MS : FIRST_PICTURE_MS;
    if (this.#ending && (video.ended || this.stillMs > ENDED_MS)) this.#fail("ended");
    else if (this.stillMs > patienceMs) this.#fail("stalled");
    else if (this.stillMs > STALL_MS && this.moved) this.problem ??= "stalled";
  }

  /** @param {number} now */
  #hasMoved(now) {
    this.problem = undefined;
    this.moved = true;
    this.#proven = true;
    this.#firstProblem = undefined;
    this.#attempt = 0;
    this.#playedMs += now - this.#watchedAtMs;
    if (!this.#isHeard && this.#playedMs > HEARD_MS) void this.#listen();
    const { playSeconds } = this.#options;
    if (playSeconds > 0 && this.#playedMs >= playSeconds * 1000) {
      this.#release();
      this.wanted = false;
      this.problem = "done";
    }
  }

  /** Once a while has been played: what is it, and is there sound? */
  async #listen() {
    this.#isHeard = true;
    if (this.#tracks.length === 0) await this.#ask();
    const order = withSoundFirst(this.#order, this.#tracks);
    if (!this.lacksSound || order[0] === this.format || this.#index > 0) return;
    this.#order = order;
    void this.#connect();
  }

  #plan() {
    const { realtime } = this.#options;
    this.#order = formatOrder({ format: this.chosenFormat, realtime }, capabilitiesOf());
    this.#index = 0;
    this.#proven = false;
    this.#firstProblem = undefined;
  }

  async #connect() {
    const mine = ++this.#connection;
    this.retryAtMs = 0;
    this.#ending = false;
    this.moved = false;
    this.#lastPosition = -1;
    this.#movedAtMs = performance.now();
    this.#release();
    if (this.format === "") return this.#fail("format");
    const late = () => mine !== this.#connection;
    let refusal = await this.#ask();
    // What has only just begun is known in a moment.
    for (let i = 0; i < 4 && !late() && !this.idle && this.#tracks.length === 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 400));
      refusal = await this.#ask();
    }
    if (late()) return;
    if (refusal !== undefined) return this.#fail(refusal);
    if (this.#index === 0) this.#order = withSoundFirst(this.#order, this.#tracks);
    if (isHopeless(this.#tracks, this.undecodable)) return this.#fail("codec", true);
    const { credentials } = this.#options;
    /** @type {PlayerHooks} */
    const hooks = {
      problem: (name) => void (late() || this.#fail(name)),
      ending: () => void (late() || (this.#ending = true)),
      refused: () => void (late() || this.#playVideo()),
      late,
      factsUrl: `media_info.json${credentials}`,
    };
    try {
      const url = formatUrl(this.format, { ...this.#options, streamName: this.#streamName });
      const player = await STARTERS[this.format]?.(this.#video, url, hooks);
      if (late()) return player?.stop();
      if (player === undefined) return this.#fail("unsupported");
      this.player = player;
    } catch (error) {
      console.warn(error);
      if (!late()) this.#fail("network");
      return;
    }
    this.#movedAtMs = performance.now();
    if (this.wanted && !this.player.playsItself) await this.#playVideo();
  }

  /**
   * Asks the server what there is to play. Resolves with a problem when it is clear that there is none.
   * @returns {Promise<string | undefined>}
   */
  async #ask() {
    this.#askedAtMs = performance.now();
    const { status, info, clockOffsetMs } = await fetchMediaInfo(
      `media_info.json${this.#options.credentials}`,
    );
    if (info !== undefined) {
      this.#clockOffsetMs = clockOffsetMs;
      this.#tracks = info.streams;
      this.idle = !info.running;
      this.undecodable = undecodableOf(info.streams, browserPlays);
    }
    const problem = problemOfStatus(status);
    return ["missing", "forbidden", "network"].includes(problem) ? problem : undefined;
  }

  async #playVideo() {
    try {
      await this.#video.play();
    } catch (error) {
      // Every other reason is reported as a problem of its own.
      if (!(error instanceof DOMException && error.name === "NotAllowedError")) return;
      if (this.#video.muted) this.blocked = true;
      else {
        this.#video.muted = true;
        this.silenced = true;
        await this.#playVideo();
      }
    }
  }

  /**
   * @param {string} name
   * @param {boolean} [isEverywhere] no other format can do better
   */
  #fail(name, isEverywhere = false) {
    // The page knows already that the stream is there: it is this format that is not.
    const problem = name === "missing" && this.player !== undefined ? "absent" : name;
    this.#release();
    this.#connection++;
    const isLast = this.#index + 1 >= this.#order.length;
    if (PROBLEMS[problem]?.elsewhere && !isEverywhere && !this.#proven && !isLast) {
      this.#firstProblem ??= problem;
      this.#index++;
      void this.#connect();
      return;
    }
    this.problem = this.#firstProblem ?? problem;
    if (!this.#proven) this.#index = 0;
    this.#firstProblem = undefined;
    this.retryAtMs =
      performance.now() + retryDelayMs(this.#attempt++, PROBLEMS[this.problem]?.hopeless ?? false);
  }

  #release() {
    if (this.player === undefined) return;
    this.#onRelease();
    this.player.stop();
    this.player = undefined;
    this.moved = false;
  }
}
