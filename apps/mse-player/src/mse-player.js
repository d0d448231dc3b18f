// One file, long as it is: pages load it as it stands, without a build, and as a classic script, which imports nothing.

/**
 * A track as the server describes it.
 * @typedef {object} TrackInfo
 * @property {number} id number in the fragments
 * @property {string} track_id "v1", "a1"…
 * @property {"video" | "audio"} content
 * @property {string} codec
 * @property {string} mime media type with codecs
 * @property {number} timescale ticks a second
 * @property {number} bitrate kbit/s, 0 while unknown
 * @property {string} [lang]
 * @property {number} [width]
 * @property {number} [height]
 * @property {number} [fps]
 * @property {string} [payload] initialization segment, base64
 */

/**
 * @typedef {object} MediaInfo
 * @property {number} width
 * @property {number} height
 * @property {readonly TrackInfo[]} streams all tracks that there are
 * @property {{ video?: string, audio?: string }} activeStreams those that are played, by `track_id`
 */

/**
 * @typedef {object} PlayerOptions
 * @property {string} [tracks] as "v2a1"; the first of each kind by default
 * @property {number} [latency] seconds of media to have in hand at least, 0.12 by default; more after every stall
 * @property {number} [retries] connections that may fail in a row; without end by default
 * @property {boolean} [autoMute] starts without sound where the browser forbids it with; true by default
 * @property {number} [progressUpdateTime] milliseconds between calls of `onProgress`, 100 by default
 * @property {(utc: number) => void} [onProgress]
 * @property {(info: MediaInfo) => void} [onMediaInfo]
 * @property {(error: { error: string, [fact: string]: unknown }) => void} [onError]
 * @property {(event: { event: string }) => void} [onEvent]
 * @property {(status: { code: number, reason: string, retryMs: number | undefined }) => void} [onDisconnect]
 */

/** Where things stand in a fragment: see the guide to mse_ld. */
const TRACK_AT = 47;
const TIME_AT = 72;
const UTC_AT = 92;
const OFFSET_AT = 120;

const TICK_MS = 100;
/** Further behind than this the player jumps; a little behind, it plays faster, seconds. */
const JUMP_S = 0.6;
/** A player that has just begun jumps sooner: what it began with came all at once. */
const NEW_JUMP_S = 0.3;
const NEW_MS = 4000;
/** Begins to play when so much is there, seconds. */
const START_S = 0.12;
/** So much too much in hand is left alone, until the player is at it: then this little, seconds. */
const LOOSE_S = 0.04;
const TIGHT_S = 0.01;
/** Browsers need about so much: decoded pictures, and sound that is on its way to the device. Seconds. */
const LEAST_S = 0.12;
const MOST_LATENCY_S = 1.5;
/**
 * After a stall the player keeps so much more in hand, after what was nearly one a little more, and after a calm time a little
 * less with every second.
 */
const STALL_S = 0.08;
const DIP_S = 0.02;
const CALM_MS = 10_000;
const CALM_S = 0.02;
/** What waits so soon after a jump waits because of it. */
const SEEK_MS = 1000;
/** Per second in hand too much it plays so much faster, and this much at most: pitch is kept, but more can be heard. */
const FASTER_PER_S = 0.4;
const MOST_FASTER = 0.12;
const SLOWER = 0.97;
/** What is in hand goes up and down with every frame: its least in this time counts, milliseconds. */
const LOW_MS = 500;
/** What was played is kept this long, seconds. */
const BACK_S = 10;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 8000;
/** Room for sound that begins before the picture, seconds. */
const LEAD_S = 2;

/** @returns {typeof MediaSource | undefined} */
function mediaSourceClass() {
  const all = /** @type {{ MediaSource?: typeof MediaSource, ManagedMediaSource?: typeof MediaSource }} */ (
    /** @type {unknown} */ (globalThis)
  );
  return all.MediaSource ?? all.ManagedMediaSource;
}

/** What is appended to one source buffer, in order and never two things at once. */
class Feed {
  /**
   * @param {MediaSource} source
   * @param {TrackInfo} track
   * @param {() => void} onChange
   */
  constructor(source, track, onChange) {
    this.track = track;
    this.buffer = source.addSourceBuffer(track.mime);
    this.buffer.mode = "segments";
    /** @type {Uint8Array<ArrayBuffer>[]} */
    this.waiting = [];
    /** What to do between appends. @type {(() => void)[]} */
    this.chores = [];
    this.closed = false;
    this.buffer.addEventListener("updateend", () => {
      if (this.closed) return;
      onChange();
      this.pump();
    });
  }

  /**
   * Another coding of the same kind follows.
   * @param {TrackInfo} track
   */
  change(track) {
    const { mime } = track;
    if (mime !== this.track.mime) {
      this.flush();
      this.chores.push(() => this.buffer.changeType(mime));
    }
    this.track = track;
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes */
  push(bytes) {
    this.waiting.push(bytes);
    this.pump();
  }

  /** Makes what waits a chore, so that it is appended before the next one. */
  flush() {
    const bytes = joined(this.waiting.splice(0));
    if (bytes.length > 0) this.chores.push(() => this.buffer.appendBuffer(bytes));
  }

  pump() {
    while (!this.closed && !this.buffer.updating) {
      const chore = this.chores.shift();
      if (chore !== undefined) chore();
      else if (this.waiting.length > 0) this.append();
      else return;
    }
  }

  append() {
    const bytes = joined(this.waiting.splice(0));
    try {
      this.buffer.appendBuffer(bytes);
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "QuotaExceededError")) throw error;
      // The buffer is full of what is not played: a tab in the background. What comes later matters more.
      const { buffered } = this.buffer;
      this.buffer.remove(0, buffered.length > 0 ? Math.max(0.1, buffered.end(buffered.length - 1) - 1) : 1);
      this.waiting.unshift(bytes);
    }
  }

  /** @param {number} until seconds */
  trim(until) {
    if (this.closed) return;
    const { buffered } = this.buffer;
    if (buffered.length === 0 || until - buffered.start(0) < BACK_S / 2) return;
    this.flush();
    this.chores.push(() => this.buffer.remove(0, until));
    this.pump();
  }
}

/** Plays a stream of `ws://SERVER/NAME/mse_ld` in a video element, as near to live as the network allows. */
export class MsePlayer {
  static isSupported() {
    return mediaSourceClass() !== undefined && typeof WebSocket !== "undefined";
  }

  /** @param {string} url */
  static replaceHttpByWS(url) {
    return url.replace(/^http/, "ws");
  }

  /** @type {MediaSource | undefined} */
  #source;
  /** @type {WebSocket | undefined} */
  #socket;
  /** Feeds by kind. @type {Map<string, Feed>} */
  #feeds = new Map();
  /** Feeds by number of track. @type {Map<number, Feed>} */
  #feedOf = new Map();
  /** @type {MediaInfo | undefined} */
  #info;
  #tracks;
  #running = false;
  #paused = false;
  /** Media time at which the element's time is 0, seconds; undefined before the first fragment. @type {number | undefined} */
  #base;
  /** UTC less the element's time, seconds. */
  #utcOffset = 0;
  #leastLatency;
  #latency;
  #stalledAt = 0;
  #seekedAt = 0;
  #failures = 0;
  #progressAt = 0;
  /** The least that was in hand since, seconds. */
  #low = Number.POSITIVE_INFINITY;
  #lowAt = 0;
  #lastTime = -1;
  #started = false;
  #startedAt = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  #listening = new AbortController();

  /**
   * @param {HTMLMediaElement} media
   * @param {string} url the stream's `mse_ld`; `http:` will do for `ws:`
   * @param {PlayerOptions} [options]
   */
  constructor(media, url, options = {}) {
    if (!(media instanceof HTMLMediaElement)) throw new TypeError("the player needs a media element");
    this.media = media;
    this.url = MsePlayer.replaceHttpByWS(new URL(url, location.href).href);
    this.options = options;
    this.onProgress = options.onProgress;
    this.onMediaInfo = options.onMediaInfo;
    this.onError = options.onError;
    this.onEvent = options.onEvent;
    this.onDisconnect = options.onDisconnect;
    this.#tracks = options.tracks ?? "";
    this.#leastLatency = options.latency ?? LEAST_S;
    this.#latency = this.#leastLatency;
  }

  /** UTC of the picture that is shown, seconds; 0 before there is one. */
  get utc() {
    return this.#base === undefined ? 0 : this.media.currentTime + this.#utcOffset;
  }

  /** Seconds of media that are there and not played yet. */
  get buffered() {
    const { buffered, currentTime } = this.media;
    return buffered.length === 0 ? 0 : Math.max(0, buffered.end(buffered.length - 1) - currentTime);
  }

  /** Starts, or goes on after `pause`. Rejects when the browser does not let it play. */
  async play() {
    if (!MsePlayer.isSupported()) {
      this.#fail("unsupported");
      throw new Error("this browser has no Media Source Extensions");
    }
    if (!this.#running) {
      this.#running = true;
      this.#paused = false;
      this.#listen();
      await this.#attach();
      this.#connect();
      this.#timer = setInterval(() => this.#tick(), TICK_MS);
    }
    // The element tells that it plays again, and with that the transmission goes on.
    await this.#playMedia();
  }

  /** Stops the picture, and the transmission with it; `play` goes on with what is live by then. */
  pause() {
    this.media.pause();
  }

  /** Lets go of everything. */
  stop() {
    if (!this.#running) return;
    this.#running = false;
    clearInterval(this.#timer);
    clearTimeout(this.#retryTimer);
    this.#listening.abort();
    this.#hangUp();
    this.#forget();
    this.media.removeAttribute("src");
    this.media.load();
  }

  /**
   * Chooses tracks by `track_id`, one of a kind: `["v2", "a1"]`.
   * @param {readonly string[]} tracks
   */
  setTracks(tracks) {
    this.#tracks = tracks.join("");
    this.#send(`set_tracks=${this.#tracks}`);
  }

  getVideoTracks() {
    return this.#info?.streams.filter(({ content }) => content === "video") ?? [];
  }

  getAudioTracks() {
    return this.#info?.streams.filter(({ content }) => content === "audio") ?? [];
  }

  /** To the newest picture. */
  seekToLive() {
    const { buffered } = this.media;
    if (buffered.length === 0) return;
    const last = buffered.length - 1;
    this.#seekedAt = performance.now();
    this.media.currentTime = Math.max(buffered.start(last), buffered.end(last) - this.#latency);
  }

  #listen() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const { media } = this;
    media.addEventListener("error", () => this.#broke(media.error?.message ?? "media error"), { signal });
    media.addEventListener("waiting", () => this.#stalled(), { signal });
    media.addEventListener("pause", () => this.#onPause(), { signal });
    media.addEventListener("play", () => this.#onPlay(), { signal });
    document.addEventListener("visibilitychange", () => this.#onVisible(), { signal });
  }

  /** A new source, with nothing in it. */
  #attach() {
    this.#forget();
    const MediaSourceClass = /** @type {typeof MediaSource} */ (mediaSourceClass());
    const source = new MediaSourceClass();
    this.#source = source;
    // Safari gives a managed source to elements only that will not play elsewhere.
    if (!("MediaSource" in globalThis)) this.media.disableRemotePlayback = true;
    const url = URL.createObjectURL(source);
    this.media.src = url;
    return /** @type {Promise<void>} */ (
      new Promise((resolve) => {
        const onOpen = () => {
          URL.revokeObjectURL(url);
          resolve();
        };
        source.addEventListener("sourceopen", onOpen, { once: true });
      })
    );
  }

  #forget() {
    this.#source = undefined;
    for (const feed of this.#feeds.values()) feed.closed = true;
    this.#feeds.clear();
    this.#feedOf.clear();
    this.#base = undefined;
    this.#started = false;
    this.#lastTime = -1;
  }

  async #playMedia() {
    try {
      await this.media.play();
    } catch (error) {
      const refused = error instanceof DOMException && error.name === "NotAllowedError";
      // Another load or pause came between: whoever did that knows.
      if (!refused) return;
      if (this.options.autoMute === false || this.media.muted) {
        this.#fail("play_promise_reject", { reason: error.message });
        throw error;
      }
      this.media.muted = true;
      this.onEvent?.({ event: "muted" });
      await this.media.play();
    }
  }

  #connect() {
    const url = new URL(this.url);
    if (this.#tracks !== "") url.searchParams.set("tracks", this.#tracks);
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send("resume");
    socket.onmessage = ({ data }) => {
      if (socket === this.#socket) this.#receive(data);
    };
    socket.onclose = ({ code, reason }) => {
      if (socket === this.#socket) this.#disconnected(code, reason);
    };
    this.#socket = socket;
  }

  #hangUp() {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  /** @param {string} command */
  #send(command) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(command);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #disconnected(code, reason) {
    this.#socket = undefined;
    const again = this.#failures < (this.options.retries ?? Number.POSITIVE_INFINITY);
    const retryMs = again
      ? Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#failures, 9))
      : undefined;
    this.#failures++;
    this.onDisconnect?.({ code, reason, retryMs });
    if (retryMs === undefined) this.#fail("disconnected", { code, reason });
    else this.#retryTimer = setTimeout(() => this.#connect(), retryMs * (0.75 + Math.random() / 2));
  }

  /** @param {unknown} data */
  #receive(data) {
    try {
      if (data instanceof ArrayBuffer) this.#fragment(new Uint8Array(data));
      else this.#message(JSON.parse(String(data)));
    } catch (error) {
      this.#broke(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {{ type: string, event?: string, tracks?: TrackInfo[], metadata?: MediaInfo }} message */
  #message(message) {
    const { type, tracks = [], metadata, event = "" } = message;
    if (type === "event") this.onEvent?.({ event });
    if (metadata === undefined) return;
    if (type === "mse_init_segment") this.#useTracks(tracks);
    const activeStreams = Object.fromEntries(
      [...this.#feeds].map(([kind, { track }]) => [kind, track.track_id]),
    );
    this.#info = { ...metadata, activeStreams };
    this.onMediaInfo?.(this.#info);
  }

  /** @param {readonly TrackInfo[]} tracks */
  #useTracks(tracks) {
    const source = this.#source;
    if (source?.readyState !== "open") return;
    const MediaSourceClass = /** @type {typeof MediaSource} */ (mediaSourceClass());
    const playable = tracks.filter((track) => MediaSourceClass.isTypeSupported(track.mime));
    for (const track of tracks) {
      if (!playable.includes(track))
        this.#fail("unsupported_codec", { track: track.track_id, codec: track.codec });
    }
    const kinds = playable.map(({ content }) => content).sort();
    // Media elements do not let kinds come and go.
    if (this.#feeds.size > 0 && kinds.join() !== [...this.#feeds.keys()].sort().join()) {
      void this.#attach().then(() => {
        this.#useTracks(tracks);
        this.#send("live");
        if (!this.#paused) void this.#playMedia().catch(() => undefined);
      });
      return;
    }
    this.#feedOf.clear();
    for (const track of playable) {
      const feed = this.#feedFor(source, track);
      this.#feedOf.set(track.id, feed);
      feed.push(Uint8Array.from(atob(track.payload ?? ""), (letter) => letter.charCodeAt(0)));
    }
  }

  /**
   * @param {MediaSource} source
   * @param {TrackInfo} track
   */
  #feedFor(source, track) {
    const known = this.#feeds.get(track.content);
    if (known !== undefined) {
      known.change(track);
      return known;
    }
    const feed = new Feed(source, track, () => this.#tick());
    this.#feeds.set(track.content, feed);
    if (this.#base !== undefined) this.#setBase(feed);
    return feed;
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes */
  #fragment(bytes) {
    const feed = this.#feedOf.get(bytes[TRACK_AT] ?? 0);
    if (feed === undefined) return;
    this.#failures = 0;
    const view = new DataView(bytes.buffer);
    const { timescale } = feed.track;
    const decoded = Number(view.getBigUint64(TIME_AT)) / timescale;
    if (this.#base === undefined) {
      this.#base = decoded - LEAD_S;
      for (const each of this.#feeds.values()) this.#setBase(each);
    }
    const shown = decoded + view.getInt32(OFFSET_AT) / timescale - this.#base;
    // A server that began anew may be at an earlier time.
    if (shown < this.media.currentTime - BACK_S) return this.#restart();
    this.#utcOffset = view.getUint32(UTC_AT) + view.getUint32(UTC_AT + 4) / 1e6 - shown;
    feed.push(bytes);
  }

  /** @param {Feed} feed */
  #setBase(feed) {
    const offset = -(this.#base ?? 0);
    feed.flush();
    feed.chores.push(() => {
      feed.buffer.timestampOffset = offset;
    });
  }

  #restart() {
    this.#hangUp();
    clearTimeout(this.#retryTimer);
    void this.#attach().then(() => {
      if (!this.#running) return;
      this.#connect();
      if (!this.#paused) void this.#playMedia().catch(() => undefined);
    });
  }

  /** @param {string} reason */
  #broke(reason) {
    if (!this.#running) return;
    this.#fail("media", { reason });
    this.#hangUp();
    const mine = this.#source;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(
      () => this.#running && this.#source === mine && this.#restart(),
      FIRST_RETRY_MS,
    );
  }

  #stalled() {
    const now = performance.now();
    const isSeek = this.media.seeking || now - this.#seekedAt < SEEK_MS;
    if (!this.#started || isSeek) return;
    this.#stalledAt = now;
    this.#latency = Math.min(MOST_LATENCY_S, this.#latency + STALL_S);
  }

  #onPause() {
    if (!this.#running || document.hidden || this.media.ended) return;
    this.#paused = true;
    this.#send("pause");
  }

  #onPlay() {
    if (!this.#paused) return;
    this.#paused = false;
    // What comes now begins with a key frame: then the picture moves on.
    this.#send("resume");
  }

  #onVisible() {
    if (document.hidden || this.#paused || !this.#running) return;
    if (this.buffered > JUMP_S) this.seekToLive();
    if (this.media.paused) void this.#playMedia().catch(() => undefined);
  }

  /** Several times a second, and whenever something was appended. */
  #tick() {
    const { media } = this;
    if (!this.#running || media.buffered.length === 0) return;
    this.#start();
    if (!media.paused && !media.seeking) this.#follow();
    for (const feed of this.#feeds.values()) feed.trim(media.currentTime - BACK_S);
    const now = performance.now();
    if (now - this.#progressAt < (this.options.progressUpdateTime ?? TICK_MS) - TICK_MS / 4) return;
    if (media.currentTime === this.#lastTime) return;
    this.#progressAt = now;
    this.#lastTime = media.currentTime;
    this.onProgress?.(this.utc);
  }

  #start() {
    if (this.#started || this.buffered < START_S) return;
    this.#started = true;
    this.#startedAt = performance.now();
    this.#lowAt = this.#startedAt;
    this.#low = Number.POSITIVE_INFINITY;
    this.seekToLive();
  }

  /** Keeps to the live edge: jumps over holes and when far behind, else plays a little faster. */
  #follow() {
    const { media } = this;
    const { buffered, currentTime } = media;
    const last = buffered.length - 1;
    const ahead = buffered.end(last) - currentTime;
    const isHole = currentTime < buffered.start(last) && media.readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
    const isFar = ahead > JUMP_S + this.#latency && performance.now() - this.#seekedAt > 1000;
    if (isHole || isFar) this.seekToLive();
    this.#low = Math.min(this.#low, ahead);
    const now = performance.now();
    if (now - this.#lowAt < LOW_MS) return;
    this.#setPace(this.#low);
    this.#low = Number.POSITIVE_INFINITY;
    this.#lowAt = now;
  }

  /** @param {number} seconds */
  #skip(seconds) {
    this.#seekedAt = performance.now();
    this.media.currentTime += seconds;
  }

  /** @param {number} low seconds in hand, at least */
  #setPace(low) {
    const now = performance.now();
    this.#adapt(low, now);
    const { media } = this;
    const excess = low - this.#latency;
    const isNew = now - this.#startedAt < NEW_MS;
    if (excess > (isNew ? NEW_JUMP_S : JUMP_S)) this.#skip(excess);
    else media.playbackRate = paceFor(excess, media.playbackRate, this.#latency);
  }

  /**
   * How much it wants to have in hand follows how evenly it comes.
   * @param {number} low seconds in hand, at least
   * @param {number} now
   */
  #adapt(low, now) {
    if (now - this.#stalledAt < SEEK_MS || now - this.#seekedAt < 2 * SEEK_MS) return;
    if (low < this.#latency / 2) {
      this.#latency = Math.min(MOST_LATENCY_S, this.#latency + DIP_S);
      this.#stalledAt = now;
    } else if (now - this.#stalledAt > CALM_MS) {
      this.#latency = Math.max(this.#leastLatency, this.#latency - CALM_S);
    }
  }

  /**
   * @param {string} error
   * @param {Readonly<Record<string, unknown>>} [facts]
   */
  #fail(error, facts = {}) {
    this.onError?.({ error, ...facts });
  }
}

/**
 * How fast to play.
 * @param {number} excess seconds more in hand than wanted
 * @param {number} before how fast it plays now
 * @param {number} wanted seconds
 */
function paceFor(excess, before, wanted) {
  if (excess > (before > 1 ? TIGHT_S : LOOSE_S)) {
    return 1 + Math.min(MOST_FASTER, Math.ceil(excess * FASTER_PER_S * 100) / 100);
  }
  return excess < -wanted / 2 || (before < 1 && excess < 0) ? SLOWER : 1;
}

/** @param {readonly Uint8Array[]} parts */
function joined(parts) {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
