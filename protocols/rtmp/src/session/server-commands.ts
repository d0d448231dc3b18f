import { type AmfValue, isAmfObject } from "@millrace/flv";
import type { MillraceError } from "@millrace/model";
import { badCommand, refused } from "../errors.ts";
import { STREAM_BEGIN } from "../wire/control.ts";
import { type Command, numberField, statusObject, textField } from "./command.ts";
import { readEnhancedCaps } from "./enhanced.ts";
import type { Link } from "./link.ts";
import { joinStreamName, type StreamName } from "./names.ts";
import type { Answer, ConnectInfo, RtmpServerEvents } from "./server-events.ts";
import type { RtmpServerOptions } from "./server-options.ts";
import type { ServerOutput } from "./server-output.ts";
import { ServerStream } from "./server-stream.ts";

/** Message streams that one connection may have at a time. */
const MAX_STREAMS = 8;
/** Publish and play commands in the life of a connection: each of them makes others work. */
const MAX_REQUESTS = 1000;
const MAX_TEXT_LENGTH = 4096;

export interface ServerCommandsParts {
  readonly link: Link;
  readonly output: ServerOutput;
  readonly events: RtmpServerEvents;
  readonly options: RtmpServerOptions;
  /** Hands on what a publisher sent before it was accepted. */
  readonly replay: (stream: ServerStream) => void;
  readonly end: (reason: MillraceError) => void;
}

function readConnect(object: AmfValue): ConnectInfo {
  const text = (name: string): string => {
    const value = textField(object, name) ?? "";
    if (value.length > MAX_TEXT_LENGTH) throw badCommand(`${name} of ${value.length} characters`);
    return value;
  };
  return {
    app: text("app"),
    tcUrl: text("tcUrl"),
    flashVer: text("flashVer"),
    pageUrl: text("pageUrl"),
    swfUrl: text("swfUrl"),
    objectEncoding: numberField(object, "objectEncoding") === 3 ? 3 : 0,
    enhanced: readEnhancedCaps(object),
  };
}

function numberOr(value: AmfValue, otherwise: number): number {
  return typeof value === "number" && Number.isFinite(value) ? value : otherwise;
}

function describeName(rawName: string): string {
  const mark = rawName.indexOf("?");
  return (mark < 0 ? rawName : rawName.slice(0, mark)).slice(0, 255);
}

/** The commands of a client and their answers (RTMP 1.0 §7.2), in the order and form that encoders and players expect. */
export class ServerCommands {
  info: ConnectInfo | undefined;
  readonly #parts: ServerCommandsParts;
  readonly #streams = new Map<number, ServerStream>();
  #requests = 0;
  /** The client said FCPublish, and waits for `onFCPublish`. */
  #announced = false;

  constructor(parts: ServerCommandsParts) {
    this.#parts = parts;
  }

  /** A publish or play command came. */
  get requested(): boolean {
    return this.#requests > 0;
  }

  /** The stream of that ID; if there is none, the only one there is: some encoders put any number into their messages. */
  stream(id: number): ServerStream | undefined {
    const found = this.#streams.get(id);
    if (found !== undefined || this.#streams.size !== 1) return found;
    return this.#streams.values().next().value;
  }

  /** The connection is over: answers that still come do nothing. */
  abandon(): void {
    for (const stream of this.#streams.values()) stream.stop();
    this.#streams.clear();
  }

  run(command: Command, streamId: number): void {
    if (command.name === "connect") this.#connect(command);
    else if (this.info === undefined) throw badCommand("a command before connect");
    else if (!this.#runOnConnection(command)) this.#runOnStream(command, streamId);
  }

  /** Commands of the connection. False: it is none of them. */
  #runOnConnection(command: Command): boolean {
    const { output } = this.#parts;
    switch (command.name) {
      case "createStream":
        this.#createStream(command);
        return true;
      case "deleteStream":
        this.#stop(numberOr(command.args[0], 0), true);
        return true;
      case "releaseStream":
      case "_checkbw":
      case "checkBandwidth":
        output.result(command, null);
        return true;
      case "FCPublish":
        this.#announced = true;
        output.result(command, null);
        return true;
      case "FCUnpublish":
        this.#unannounce(command);
        return true;
      case "FCSubscribe":
        output.result(command, null);
        this.#tell("onFCSubscribe", "NetStream.Play.Start", command.args[0]);
        return true;
      case "FCUnsubscribe":
        output.result(command, null);
        this.#tell("onFCUnsubscribe", "NetStream.Play.Stop", command.args[0]);
        return true;
      case "getStreamLength":
        output.result(command, null, 0);
        return true;
      default:
        return false;
    }
  }

  #runOnStream(command: Command, streamId: number): void {
    switch (command.name) {
      case "publish":
        this.#publish(command, streamId);
        return;
      case "play":
      case "play2":
        this.#play(command, streamId);
        return;
      case "pause":
      case "pauseRaw":
        this.#pause(command, streamId);
        return;
      case "seek":
        this.#seek(command, streamId);
        return;
      case "receiveAudio":
      case "receiveVideo":
        this.#receive(command, streamId);
        return;
      case "closeStream":
        this.#stop(streamId, false);
        return;
      case "_result":
      case "_error":
      case "onStatus":
        return;
      default:
        this.#parts.output.error(
          command,
          "NetConnection.Call.Failed",
          `there is no ${command.name.slice(0, 64)}`,
        );
    }
  }

  #connect(command: Command): void {
    if (this.info !== undefined) throw badCommand("a second connect");
    if (!isAmfObject(command.object)) throw badCommand("connect without its object");
    const { link, output, events, options } = this.#parts;
    const info = readConnect(command.object);
    const reason = events.onConnect?.(info);
    if (reason !== undefined) {
      output.refused(command, reason);
      this.#parts.end(refused("NetConnection.Connect.Rejected", reason));
      return;
    }
    this.info = info;
    link.sendWindow(options.windowBytes);
    link.sendPeerBandwidth(options.windowBytes);
    link.setOutChunkBytes(options.chunkBytes);
    link.sendUserControl(STREAM_BEGIN, 0);
    output.connected(command, info, options.enhanced);
  }

  #createStream(command: Command): void {
    let id = 1;
    while (this.#streams.has(id)) id++;
    if (id > MAX_STREAMS) {
      this.#parts.output.error(
        command,
        "NetConnection.Call.Failed",
        `there are ${MAX_STREAMS} streams already`,
      );
      return;
    }
    this.#streams.set(id, new ServerStream(id));
    this.#parts.output.result(command, null, id);
  }

  /** The stream of a request, which is stopped if it is busy; undefined, and answered, if there is none. */
  #target(command: Command, streamId: number): ServerStream | undefined {
    if (this.#requests === MAX_REQUESTS)
      throw badCommand(`more than ${MAX_REQUESTS} publish and play commands`);
    const stream = this.stream(streamId);
    if (stream === undefined) {
      this.#parts.output.error(command, "NetStream.Failed", `there is no stream ${streamId}`);
      return undefined;
    }
    if (stream.stop()) this.#parts.events.onStop(stream.id);
    stream.amf3 = command.amf3;
    this.#requests++;
    return stream;
  }

  #name(rawName: AmfValue): StreamName | undefined {
    return joinStreamName((this.info as ConnectInfo).app, typeof rawName === "string" ? rawName : "");
  }

  /** An answer to the request that the stream has now. */
  #answer(stream: ServerStream, accept: () => void, failed: "NetStream.Publish" | "NetStream.Play"): Answer {
    const request = ++stream.request;
    return {
      accept: () => {
        if (stream.request !== request || !stream.state.endsWith("-asked")) return;
        accept();
      },
      reject: (code, text) => {
        if (stream.request !== request || !stream.state.endsWith("-asked")) return;
        stream.stop();
        this.#parts.output.status(stream, "error", code === "" ? `${failed}.Failed` : code, text);
      },
    };
  }

  #publish(command: Command, streamId: number): void {
    const stream = this.#target(command, streamId);
    if (stream === undefined) return;
    const { output, events, link } = this.#parts;
    const [rawName, rawType] = command.args;
    const named = this.#name(rawName);
    stream.rawName = describeName(typeof rawName === "string" ? rawName : "");
    if (named === undefined) {
      output.status(stream, "error", "NetStream.Publish.BadName", "not a name for a stream");
      events.onRefused?.(stream.id, "not a name for a stream");
      return;
    }
    stream.state = "publish-asked";
    const accept = (): void => {
      stream.state = "publishing";
      link.sendUserControl(STREAM_BEGIN, stream.id);
      if (this.#announced) this.#tell("onFCPublish", "NetStream.Publish.Start", rawName);
      output.status(stream, "status", "NetStream.Publish.Start", `${stream.rawName} is now published.`);
      this.#parts.replay(stream);
    };
    const type = rawType === "record" || rawType === "append" ? rawType : "live";
    const { app } = this.info as ConnectInfo;
    events.onPublish(
      { streamId: stream.id, app, ...named, type },
      this.#answer(stream, accept, "NetStream.Publish"),
    );
  }

  #play(command: Command, streamId: number): void {
    const options = command.name === "play2" ? command.args[0] : undefined;
    const rawName = options === undefined ? command.args[0] : textField(options, "streamName");
    const stream = this.#target(command, streamId);
    if (stream === undefined) return;
    const { output, events } = this.#parts;
    const named = this.#name(rawName);
    stream.rawName = describeName(typeof rawName === "string" ? rawName : "");
    if (named === undefined) {
      output.status(stream, "error", "NetStream.Play.StreamNotFound", "not a name of a stream");
      events.onRefused?.(stream.id, "not a name of a stream");
      return;
    }
    stream.state = "play-asked";
    const start = options === undefined ? command.args[1] : numberField(options, "start");
    const duration = options === undefined ? command.args[2] : numberField(options, "len");
    const reset = options === undefined && command.args[3] !== false && command.args[3] !== 0;
    const transition = options === undefined ? undefined : (textField(options, "transition") ?? "");
    const { app } = this.info as ConnectInfo;
    events.onPlay(
      {
        streamId: stream.id,
        app,
        ...named,
        start: numberOr(start, -2),
        duration: numberOr(duration, -1),
        transition,
      },
      this.#answer(stream, () => this.#startPlay(stream, reset, transition), "NetStream.Play"),
    );
  }

  #startPlay(stream: ServerStream, reset: boolean, transition: string | undefined): void {
    const { output, link } = this.#parts;
    const { id, rawName } = stream;
    stream.state = "playing";
    link.sendUserControl(STREAM_BEGIN, id);
    if (transition !== undefined) {
      output.status(stream, "status", "NetStream.Play.Transition", `Switching to ${rawName}.`);
    }
    if (reset) output.status(stream, "status", "NetStream.Play.Reset", `Playing and resetting ${rawName}.`);
    output.status(stream, "status", "NetStream.Play.Start", `Started playing ${rawName}.`);
    // Flash: whether scripts may read the samples.
    output.data(id, ["|RtmpSampleAccess", true, true]);
    // No `NetStream.Data.Start` as Flash's server had it: programs that copy data tags take it for media of time 0.
  }

  #pause(command: Command, streamId: number): void {
    const stream = this.#streams.get(streamId);
    if (stream?.state !== "playing") return;
    const paused = command.args[0] !== false && command.args[0] !== 0;
    const code = paused ? "NetStream.Pause.Notify" : "NetStream.Unpause.Notify";
    const text = `${stream.rawName} is ${paused ? "paused" : "going on"}.`;
    this.#parts.output.status(stream, "status", code, text);
    this.#parts.events.onPause?.(streamId, paused, numberOr(command.args[1], 0));
  }

  #seek(command: Command, streamId: number): void {
    const stream = this.#streams.get(streamId);
    if (stream?.state !== "playing") return;
    const { output, events } = this.#parts;
    const positionMs = numberOr(command.args[0], 0);
    if (events.onSeek?.(streamId, positionMs) !== true) {
      output.status(stream, "error", "NetStream.Seek.Failed", `${stream.rawName} has no other time.`);
      return;
    }
    output.status(stream, "status", "NetStream.Seek.Notify", `Seeking ${positionMs}.`);
    output.status(stream, "status", "NetStream.Play.Start", `Started playing ${stream.rawName}.`);
  }

  #receive(command: Command, streamId: number): void {
    if (this.#streams.get(streamId)?.state !== "playing") return;
    const medium = command.name === "receiveAudio" ? "audio" : "video";
    this.#parts.events.onReceive?.(streamId, medium, command.args[0] !== false);
  }

  #stop(streamId: number, remove: boolean): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    const published = stream.state === "publishing";
    if (stream.stop()) this.#parts.events.onStop(streamId);
    if (published) {
      const text = `${stream.rawName} is unpublished.`;
      this.#parts.output.status(stream, "status", "NetStream.Unpublish.Success", text);
    }
    if (remove) this.#streams.delete(streamId);
  }

  /** FCUnpublish: the publication of that name is over. */
  #unannounce(command: Command): void {
    const { output } = this.#parts;
    this.#announced = false;
    this.#tell("onFCUnpublish", "NetStream.Unpublish.Success", command.args[0]);
    output.result(command, null);
    const rawName = typeof command.args[0] === "string" ? describeName(command.args[0]) : "";
    for (const stream of this.#streams.values()) {
      const ours = stream.state === "publishing" || stream.state === "publish-asked";
      if (ours && stream.rawName === rawName) this.#stop(stream.id, false);
    }
  }

  #tell(name: string, code: string, rawName: AmfValue): void {
    const text = typeof rawName === "string" ? describeName(rawName) : "";
    this.#parts.output.command(0, [name, 0, null, statusObject("status", code, text)]);
  }
}
