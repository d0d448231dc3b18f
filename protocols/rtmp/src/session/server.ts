import type { AmfValue } from "@millrace/flv";
import { MillraceError } from "@millrace/model";
import { badCommand, timedOut } from "../errors.ts";
import { splitAggregate } from "../wire/aggregate.ts";
import type { ChunkMessage } from "../wire/chunk-reader.ts";
import { SET_BUFFER_LENGTH, STREAM_DRY, STREAM_EOF, type UserControl } from "../wire/control.ts";
import { ServerHandshake } from "../wire/handshake.ts";
import {
  AGGREGATE,
  AUDIO,
  COMMAND_AMF0,
  COMMAND_AMF3,
  DATA_AMF0,
  DATA_AMF3,
  VIDEO,
} from "../wire/message-types.ts";
import { readCommand, readData, statusObject } from "./command.ts";
import { CAPS_RECONNECT } from "./enhanced.ts";
import { hmacSha256 } from "./hmac.ts";
import { Link } from "./link.ts";
import { ServerCommands } from "./server-commands.ts";
import type { ConnectInfo, RtmpServerEvents } from "./server-events.ts";
import { DEFAULT_SERVER_OPTIONS, type RtmpServerOptions } from "./server-options.ts";
import { mediaCsid, ServerOutput } from "./server-output.ts";
import type { ServerStream } from "./server-stream.ts";

export interface RtmpServerParts {
  /** Bytes for the client, in order; they are never changed afterwards. */
  readonly send: (bytes: Uint8Array) => void;
  readonly events: RtmpServerEvents;
  /** So many random bytes. */
  readonly random: (count: number) => Uint8Array;
  readonly options?: Partial<RtmpServerOptions>;
}

/** Where the server has to say that its client should go to: see Enhanced RTMP v2, "Reconnect Request". */
export interface ReconnectAdvice {
  /** Absolute, or relative to the client's own; without it, the same again. */
  readonly tcUrl?: string;
  readonly description?: string;
}

/** One client of an RTMP server: bytes and time in, bytes and events out (RTMP 1.0 §7.2). */
export class RtmpServerSession {
  readonly #events: RtmpServerEvents;
  readonly #options: RtmpServerOptions;
  readonly #link: Link;
  readonly #output: ServerOutput;
  readonly #commands: ServerCommands;
  readonly #startedMs: number;
  #lastPingMs: number;
  #ended = false;
  #damagedMessages = 0;
  readonly #onTag = (type: number, timestampMs: number, body: Uint8Array): void => {
    if (type === AUDIO || type === VIDEO || type === DATA_AMF0)
      this.#onMedia(type, this.#aggregateStream, timestampMs, body);
  };
  #aggregateStream = 0;

  constructor(parts: RtmpServerParts, nowMs: number) {
    const options = { ...DEFAULT_SERVER_OPTIONS, ...parts.options };
    const { send, random, events } = parts;
    this.#events = events;
    this.#options = options;
    this.#startedMs = nowMs;
    this.#lastPingMs = nowMs;
    const handshake = new ServerHandshake({
      send: (bytes) => this.#link.send(bytes),
      random,
      hmac: hmacSha256,
      timeMs: nowMs,
    });
    const link = new Link(
      {
        handshake,
        send,
        limits: options.limits,
        onReady: () => {},
        onMessage: (message) => this.#onMessage(message),
        onUserControl: (control) => this.#onUserControl(control),
      },
      nowMs,
    );
    this.#link = link;
    this.#output = new ServerOutput(link);
    this.#commands = new ServerCommands({
      link,
      output: this.#output,
      events,
      options,
      replay: (stream) => this.#replay(stream),
      end: (reason) => this.#end(reason),
    });
  }

  /** What the client said in `connect`; undefined before. */
  get info(): ConnectInfo | undefined {
    return this.#commands.info;
  }

  get closed(): boolean {
    return this.#ended;
  }

  /** Size of the chunks that the client reads now. */
  get chunkBytes(): number {
    return this.#link.outChunkBytes;
  }

  get receivedBytes(): number {
    return this.#link.receivedBytes;
  }

  /** Messages that could not be read, came too early, or were begun anew before they were whole. */
  get damagedMessages(): number {
    return this.#damagedMessages + this.#link.abandonedMessages;
  }

  /** Round trip of the last ping, -1 if there was none. */
  get roundTripMs(): number {
    return this.#link.roundTripMs;
  }

  receive(bytes: Uint8Array, nowMs: number): void {
    if (this.#ended) return;
    try {
      this.#link.receive(bytes, nowMs);
    } catch (error) {
      if (!(error instanceof MillraceError) || error.kind === "bug") throw error;
      this.#end(error);
    }
  }

  /** When `tick` has to be called next. */
  get nextMs(): number {
    const { requestTimeoutMs, pingIntervalMs, idleTimeoutMs } = this.#options;
    const idleMs = this.#link.lastHeardMs + idleTimeoutMs;
    const pingMs = this.#lastPingMs + pingIntervalMs;
    const requestMs = this.#commands.requested
      ? Number.POSITIVE_INFINITY
      : this.#startedMs + requestTimeoutMs;
    return this.#ended ? Number.POSITIVE_INFINITY : Math.min(idleMs, pingMs, requestMs);
  }

  /** Pings the client, and gives it up when it is silent or does not come to the point. */
  tick(nowMs: number): void {
    if (this.#ended) return;
    const { requestTimeoutMs, pingIntervalMs, idleTimeoutMs } = this.#options;
    if (nowMs - this.#link.lastHeardMs >= idleTimeoutMs) {
      this.#end(timedOut(`the client is silent for ${idleTimeoutMs} ms`));
    } else if (!this.#commands.requested && nowMs - this.#startedMs >= requestTimeoutMs) {
      this.#end(timedOut(`no publish or play command within ${requestTimeoutMs} ms`));
    } else if (nowMs - this.#lastPingMs >= pingIntervalMs) {
      this.#lastPingMs = nowMs;
      if (this.info !== undefined) this.#link.ping(nowMs);
    }
  }

  /**
   * Sends an audio, video or data message to a player. Those that many players get are made by `chunkMessage` once,
   * with `streamId` and `chunkBytes` of the session, and written without it.
   */
  sendMedia(header: { type: number; streamId: number; timestampMs: number }, body: Uint8Array): void {
    this.#link.sendMessage({ ...header, csid: mediaCsid(header.type) }, body);
  }

  /** Tells a player that nothing comes for now: the publisher left (`dry`), or is back. */
  notifyPublisher(streamId: number, present: boolean): void {
    const stream = this.#commands.stream(streamId);
    if (stream?.state !== "playing") return;
    const { rawName } = stream;
    if (present) {
      this.#output.status(stream, "status", "NetStream.Play.PublishNotify", `${rawName} is now published.`);
    } else {
      this.#link.sendUserControl(STREAM_DRY, streamId);
      this.#output.status(stream, "status", "NetStream.Play.UnpublishNotify", `${rawName} is unpublished.`);
    }
  }

  /** Ends a play from our side; `onStop` does not follow. The client mostly hangs up then. */
  stopPlay(streamId: number): void {
    const stream = this.#commands.stream(streamId);
    if (stream?.state !== "playing") return;
    this.#link.sendUserControl(STREAM_EOF, streamId);
    this.#output.status(
      stream,
      "status",
      "NetStream.Play.UnpublishNotify",
      `${stream.rawName} is unpublished.`,
    );
    this.#output.status(stream, "status", "NetStream.Play.Stop", `Stopped playing ${stream.rawName}.`);
    stream.stop();
  }

  /** Throws a publisher out, as when another takes its place; `onStop` does not follow. Close the session then. */
  stopPublish(streamId: number, code: string, text: string): void {
    const stream = this.#commands.stream(streamId);
    if (stream?.state !== "publishing") return;
    this.#output.status(stream, "error", code, text);
    stream.stop();
  }

  /** Asks the client to connect anew. False: it does not know how (nothing is sent). */
  requestReconnect(advice: ReconnectAdvice = {}): boolean {
    const { info } = this;
    if (info === undefined || this.#ended || (info.enhanced.capsEx & CAPS_RECONNECT) === 0) return false;
    const { tcUrl, description = "" } = advice;
    const object = statusObject("status", "NetConnection.Connect.ReconnectRequest", description);
    if (tcUrl !== undefined) object["tcUrl"] = tcUrl;
    this.#output.command(0, ["onStatus", 0, null, object]);
    return true;
  }

  /** Ends the session. `onClose` is called before it returns, with `reason`. */
  close(reason?: MillraceError): void {
    this.#end(reason);
  }

  #end(reason: MillraceError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#link.stop();
    this.#commands.abandon();
    this.#events.onClose(reason);
  }

  #onMessage(message: ChunkMessage): void {
    const { type, streamId, timestampMs, payload } = message;
    switch (type) {
      case AUDIO:
      case VIDEO:
      case DATA_AMF0:
      case DATA_AMF3:
        this.#onMedia(type, streamId, timestampMs, payload);
        return;
      case COMMAND_AMF0:
      case COMMAND_AMF3:
        this.#commands.run(readCommand(type, payload), streamId);
        return;
      case AGGREGATE:
        this.#aggregateStream = streamId;
        if (!splitAggregate(payload, timestampMs, this.#onTag)) this.#damagedMessages++;
        return;
      default:
      // Shared objects and whatever Flash had besides: nothing here wants them.
    }
  }

  #onMedia(type: number, streamId: number, timestampMs: number, payload: Uint8Array): void {
    if (this.info === undefined) throw badCommand("media before connect");
    const stream = this.#commands.stream(streamId);
    if (stream?.state === "publishing") {
      this.#deliver(type, stream.id, timestampMs, payload);
    } else if (stream?.state !== "publish-asked" || !stream.hold(type, timestampMs, payload)) {
      this.#damagedMessages++;
    }
  }

  // Four plain arguments: this runs for every message.
  #deliver(type: number, streamId: number, timestampMs: number, payload: Uint8Array): void {
    if (this.#ended) return;
    if (type === VIDEO) this.#events.onVideo(payload, timestampMs, streamId);
    else if (type === AUDIO) this.#events.onAudio(payload, timestampMs, streamId);
    else this.#onData(readData(type, payload), timestampMs, streamId);
  }

  #onData(values: AmfValue[] | undefined, timestampMs: number, streamId: number): void {
    if (values === undefined || typeof values[0] !== "string") {
      this.#damagedMessages++;
      return;
    }
    if (values[0] === "@setDataFrame") values.shift();
    this.#events.onMetadata(values, timestampMs, streamId);
  }

  #replay(stream: ServerStream): void {
    for (const { type, timestampMs, payload } of stream.takeHeld()) {
      if (stream.state === "publishing") this.#deliver(type, stream.id, timestampMs, payload);
    }
  }

  #onUserControl(control: UserControl): void {
    if (control.event === SET_BUFFER_LENGTH) this.#events.onBufferLength?.(control.value, control.second);
  }
}
