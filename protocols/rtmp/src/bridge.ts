import type { Socket } from "node:net";
import {
  type LaneReader,
  type Sink,
  type Source,
  type SourceContext,
  type StreamWriter,
  UnitReader,
} from "@millrace/engine";
import { FLV_VIDEO, FlvDemuxer, FlvMuxer, type FlvUnit } from "@millrace/flv";
import { dialRtmp } from "./dial.ts";
import type { RtmpClientSession } from "./session/client.ts";
import { CAPS_MULTITRACK } from "./session/enhanced.ts";
import type { RtmpTarget } from "./session/url.ts";

type Numbers = Readonly<Record<string, number | string>>;

/** The other server. */
export interface RtmpFarEnd {
  readonly target: RtmpTarget;
  /** Takes any certificate. */
  readonly insecure: boolean;
}

/** A stream of another RTMP server as an input. */
export class RtmpSource implements Source {
  readonly lane = "units";
  readonly #farEnd: RtmpFarEnd;
  readonly #context: SourceContext;
  #show: () => Numbers = () => ({});

  constructor(farEnd: RtmpFarEnd, context: SourceContext) {
    this.#farEnd = farEnd;
    this.#context = context;
  }

  describe(): Numbers {
    return this.#show();
  }

  async run(into: StreamWriter, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#context;
    const demuxer = new FlvDemuxer({
      onTracks: (tracks) => into.setTracks(tracks),
      onUnit: (unit) => into.unit(unit),
    });
    let connections = 0;
    await dialRtmp({
      ...this.#farEnd,
      mode: "play",
      nowMs: () => Math.floor(clock.nowNs() / 1e6),
      signal,
      events: {
        onAudio: (body, timestampMs) => demuxer.audio(body, timestampMs),
        onVideo: (body, timestampMs) => demuxer.video(body, timestampMs),
        onMetadata: (values) => demuxer.metadata(values),
      },
      onReady: (session) => {
        if (connections++ > 0) {
          log.info("rtmp input moved, as its server asked");
          into.discontinuity();
        }
        this.#show = () => ({ ...demuxer.counters, receivedBytes: session.receivedBytes });
      },
    }).finally(() => {
      demuxer.flush();
      this.#show = () => ({});
    });
  }
}

/** With so much unsent a push waits for its socket. */
const HIGH_WATER_BYTES = 1 << 20;
/** A push that its server asked to move waits so long for a key frame. */
const MOVE_WAIT_MS = 10_000;

/** Publishes a stream to another RTMP server. */
export class RtmpSink implements Sink {
  readonly accepts = ["units"] as const;
  readonly #farEnd: RtmpFarEnd;
  readonly #context: SourceContext;
  #show: () => Numbers = () => ({});

  constructor(farEnd: RtmpFarEnd, context: SourceContext) {
    this.#farEnd = farEnd;
    this.#context = context;
  }

  describe(): Numbers {
    return this.#show();
  }

  async run(from: LaneReader, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#context;
    const ended = new AbortController();
    const stop = (): void => ended.abort();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    const push = new UnitPush(from, stop);
    let connections = 0;
    try {
      await dialRtmp({
        ...this.#farEnd,
        mode: "publish",
        nowMs: () => Math.floor(clock.nowNs() / 1e6),
        signal: ended.signal,
        events: {},
        onReady: (session, socket) => {
          if (connections++ > 0) log.info("rtmp push moved, as its server asked");
          this.#show = () => ({ units: push.units, bytes: socket.bytesWritten, skips: from.skips });
          push.start(session, socket);
        },
        onMove: (move) => push.stopAtKey(move, MOVE_WAIT_MS),
      });
    } finally {
      signal.removeEventListener("abort", stop);
      push.close();
    }
  }
}

/** Moves units from a lane into a session that publishes, and into another when that takes its place. */
class UnitPush {
  units = 0;
  readonly #reader: LaneReader;
  readonly #units: UnitReader;
  #muxer = new FlvMuxer({ enhanced: true });
  readonly #onEnd: () => void;
  #session: RtmpClientSession | undefined;
  #socket: Socket | undefined;
  /** Nothing can be decoded before the first key frame. */
  #started = false;
  /** The key frame at which one session ended, for the next one. */
  #kept: FlvUnit | undefined;
  #move: (() => void) | undefined;
  #moveTimer: NodeJS.Timeout | undefined;
  readonly #onDrain = (): void => this.#pump();

  constructor(reader: LaneReader, onEnd: () => void) {
    this.#reader = reader;
    this.#units = new UnitReader(reader);
    this.#onEnd = onEnd;
    this.#units.onTracks = (tracks) => {
      if (this.#muxer.setTracks(tracks)) this.#sendHeaders();
    };
    reader.onReadable = () => this.#pump();
  }

  /** Sends to this session from the next key frame on. */
  start(session: RtmpClientSession, socket: Socket): void {
    this.#detach();
    this.#session = session;
    this.#socket = socket;
    socket.on("drain", this.#onDrain);
    // Who does not know of tracks would take all of a kind for one.
    const multitrack = (session.serverCaps.capsEx & CAPS_MULTITRACK) !== 0;
    const { tracks } = this.#units;
    this.#muxer = new FlvMuxer({ enhanced: true, multitrack });
    this.#muxer.setTracks(tracks);
    this.#sendHeaders();
    const kept = this.#kept;
    this.#kept = undefined;
    this.#started = kept !== undefined;
    if (kept !== undefined) this.#send(kept);
    this.#pump();
  }

  /** Stops in front of the next key frame, which the next session begins with; without one after `waitMs`. */
  stopAtKey(then: () => void, waitMs: number): void {
    this.#move = then;
    clearTimeout(this.#moveTimer);
    this.#moveTimer = setTimeout(() => this.#leave(undefined), waitMs);
  }

  close(): void {
    this.#reader.onReadable = undefined;
    this.#detach();
  }

  #detach(): void {
    clearTimeout(this.#moveTimer);
    this.#socket?.off("drain", this.#onDrain);
    this.#session = undefined;
    this.#socket = undefined;
  }

  #leave(kept: FlvUnit | undefined): void {
    const move = this.#move;
    this.#move = undefined;
    this.#kept = kept;
    this.#detach();
    move?.();
  }

  #pump(): void {
    while (this.#socket !== undefined && this.#socket.writableLength < HIGH_WATER_BYTES) {
      const unit = this.#units.next();
      if (unit === undefined) break;
      const made = this.#muxer.unit(unit);
      if (made === undefined || (!this.#started && !made.key)) continue;
      this.#started = true;
      if (this.#move !== undefined && made.key) this.#leave(made);
      else this.#send(made);
    }
    if (this.#reader.ended) this.#onEnd();
  }

  #send(made: FlvUnit): void {
    this.units++;
    if (made.type === FLV_VIDEO) this.#session?.sendVideo(made.body, made.timestampMs);
    else this.#session?.sendAudio(made.body, made.timestampMs);
  }

  #sendHeaders(): void {
    const session = this.#session;
    if (session === undefined || this.#muxer.tracks.length === 0) return;
    session.sendMetadata(this.#muxer.metadata());
    for (const { type, body } of this.#muxer.configs()) {
      if (type === FLV_VIDEO) session.sendVideo(body, 0);
      else session.sendAudio(body, 0);
    }
  }
}
