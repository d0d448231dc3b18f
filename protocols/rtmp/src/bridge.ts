import type { Socket } from "node:net";
import {
  type LaneReader,
  type Sink,
  type Source,
  type SourceContext,
  type StreamWriter,
  UnitReader,
} from "@millrace/engine";
import { FLV_VIDEO, FlvDemuxer, FlvMuxer } from "@millrace/flv";
import { dialRtmp } from "./dial.ts";
import type { RtmpClientSession } from "./session/client.ts";
import type { RtmpTarget } from "./session/url.ts";

type Numbers = Readonly<Record<string, number | string>>;

/** A stream of another RTMP server as an input. */
export class RtmpSource implements Source {
  readonly lane = "units";
  readonly #target: RtmpTarget;
  readonly #context: SourceContext;
  #show: () => Numbers = () => ({});

  constructor(target: RtmpTarget, context: SourceContext) {
    this.#target = target;
    this.#context = context;
  }

  describe(): Numbers {
    return this.#show();
  }

  async run(into: StreamWriter, signal: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    const demuxer = new FlvDemuxer({
      onTracks: (tracks) => into.setTracks(tracks),
      onUnit: (unit) => into.unit(unit),
    });
    await dialRtmp({
      target: this.#target,
      mode: "play",
      nowMs: () => Math.floor(clock.nowNs() / 1e6),
      signal,
      events: {
        onAudio: (body, timestampMs) => demuxer.audio(body, timestampMs),
        onVideo: (body, timestampMs) => demuxer.video(body, timestampMs),
        onMetadata: (values) => demuxer.metadata(values),
      },
      onReady: (session) => {
        this.#show = () => ({ ...demuxer.counters, receivedBytes: session.receivedBytes });
      },
    }).finally(() => {
      this.#show = () => ({});
    });
  }
}

/** With so much unsent a push waits for its socket. */
const HIGH_WATER_BYTES = 1 << 20;

/** Publishes a stream to another RTMP server. */
export class RtmpSink implements Sink {
  readonly accepts = ["units"] as const;
  readonly #target: RtmpTarget;
  readonly #context: SourceContext;
  #show: () => Numbers = () => ({});

  constructor(target: RtmpTarget, context: SourceContext) {
    this.#target = target;
    this.#context = context;
  }

  describe(): Numbers {
    return this.#show();
  }

  async run(from: LaneReader, signal: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    const ended = new AbortController();
    const stop = (): void => ended.abort();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    let sending: UnitPush | undefined;
    try {
      await dialRtmp({
        target: this.#target,
        mode: "publish",
        nowMs: () => Math.floor(clock.nowNs() / 1e6),
        signal: ended.signal,
        events: {},
        onReady: (session, socket) => {
          const push = new UnitPush(from, session, socket);
          sending = push;
          push.onEnd = stop;
          this.#show = () => ({ units: push.units, bytes: socket.bytesWritten, skips: from.skips });
          push.pump();
        },
      });
    } finally {
      signal.removeEventListener("abort", stop);
      sending?.stop();
    }
  }
}

/** Moves units from a lane into a session that publishes. */
class UnitPush {
  units = 0;
  onEnd: (() => void) | undefined;
  readonly #reader: LaneReader;
  readonly #units: UnitReader;
  readonly #session: RtmpClientSession;
  readonly #socket: Socket;
  readonly #muxer: FlvMuxer;
  #started = false;
  readonly #onDrain = (): void => this.pump();

  constructor(reader: LaneReader, session: RtmpClientSession, socket: Socket) {
    this.#reader = reader;
    this.#units = new UnitReader(reader);
    this.#session = session;
    this.#socket = socket;
    this.#muxer = new FlvMuxer({ enhanced: true });
    this.#units.onTracks = (tracks) => {
      if (this.#muxer.setTracks(tracks)) this.#sendHeaders();
    };
    reader.onReadable = () => this.pump();
    socket.on("drain", this.#onDrain);
  }

  stop(): void {
    this.#reader.onReadable = undefined;
    this.#socket.off("drain", this.#onDrain);
  }

  pump(): void {
    while (this.#socket.writableLength < HIGH_WATER_BYTES) {
      const unit = this.#units.next();
      if (unit === undefined) break;
      const made = this.#muxer.unit(unit);
      if (made === undefined) continue;
      // Nothing can be decoded before the first key frame.
      if (!this.#started && !made.key) continue;
      this.#started = true;
      this.units++;
      if (made.type === FLV_VIDEO) this.#session.sendVideo(made.body, made.timestampMs);
      else this.#session.sendAudio(made.body, made.timestampMs);
    }
    if (this.#reader.ended) this.onEnd?.();
  }

  #sendHeaders(): void {
    this.#session.sendMetadata(this.#muxer.metadata());
    for (const { type, body } of this.#muxer.configs()) {
      if (type === FLV_VIDEO) this.#session.sendVideo(body, 0);
      else this.#session.sendAudio(body, 0);
    }
  }
}
