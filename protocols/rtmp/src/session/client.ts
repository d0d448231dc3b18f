import { type AmfValue, amfObject, serializeAmf0 } from "@millrace/flv";
import { MillraceError } from "@millrace/model";
import { badCommand, refused, streamEnded, timedOut, unauthorized } from "../errors.ts";
import { splitAggregate } from "../wire/aggregate.ts";
import type { ChunkMessage } from "../wire/chunk-reader.ts";
import { SET_BUFFER_LENGTH } from "../wire/control.ts";
import { ClientHandshake } from "../wire/handshake.ts";
import {
  AGGREGATE,
  AUDIO,
  COMMAND_AMF0,
  COMMAND_AMF3,
  CSID_COMMAND,
  CSID_DATA,
  DATA_AMF0,
  DATA_AMF3,
  VIDEO,
} from "../wire/message-types.ts";
import { answerDemand } from "./auth.ts";
import type { RtmpClientEvents } from "./client-events.ts";
import {
  DEFAULT_CLIENT_OPTIONS,
  PLAYER_FIELDS,
  PUBLISHER_FIELDS,
  type RtmpClientOptions,
} from "./client-options.ts";
import { type Command, readCommand, readData, textField, writeCommand } from "./command.ts";
import { type EnhancedCaps, enhancedFields, NO_ENHANCED_CAPS, readEnhancedCaps } from "./enhanced.ts";
import { hmacSha256 } from "./hmac.ts";
import { Link } from "./link.ts";
import { mediaCsid } from "./server-output.ts";
import { type RtmpTarget, reconnectTarget } from "./url.ts";

export interface RtmpClientParts {
  readonly mode: "play" | "publish";
  readonly target: RtmpTarget;
  /** What `onRedial` of the connection before gave. */
  readonly auth?: string;
  /** Bytes for the server, in order. */
  readonly send: (bytes: Uint8Array) => void;
  readonly events: RtmpClientEvents;
  readonly random: (count: number) => Uint8Array;
  readonly options?: Partial<RtmpClientOptions>;
}

const CONNECT_TRANSACTION = 1;
/** Live, or recorded if it is not (§7.2.2.1): in milliseconds, as servers read it who take -2 for a position. */
const START_LIVE_OR_RECORDED = -2000;

/** Ends of a play that is over, whatever the connection does. */
const ENDINGS = new Set(["NetStream.Play.Stop", "NetStream.Play.Complete", "NetStream.Play.UnpublishNotify"]);

/** Plays from a server, or publishes to it: bytes and time in, bytes and events out (RTMP 1.0 §7.2). */
export class RtmpClientSession {
  readonly #parts: RtmpClientParts;
  readonly #options: RtmpClientOptions;
  readonly #link: Link;
  readonly #handshake: ClientHandshake;
  readonly #startedMs: number;
  #state: "handshake" | "connecting" | "creating" | "asking" | "ready" | "closed" = "handshake";
  #started = false;
  #transaction = CONNECT_TRANSACTION;
  #createTransaction = 0;
  #streamId = 0;
  #serverCaps: EnhancedCaps = NO_ENHANCED_CAPS;
  #damagedMessages = 0;
  readonly #onTag = (type: number, timestampMs: number, body: Uint8Array): void =>
    this.#onMedia(type, timestampMs, body);

  constructor(parts: RtmpClientParts, nowMs: number) {
    this.#parts = parts;
    this.#options = { ...DEFAULT_CLIENT_OPTIONS, ...parts.options };
    this.#startedMs = nowMs;
    this.#handshake = new ClientHandshake({
      send: (bytes) => this.#link.send(bytes),
      random: parts.random,
      hmac: hmacSha256,
      timeMs: nowMs,
    });
    this.#link = new Link(
      {
        handshake: this.#handshake,
        send: parts.send,
        limits: this.#options.limits,
        onReady: () => this.#connect(),
        onMessage: (message) => this.#onMessage(message),
        onUserControl: () => {},
      },
      nowMs,
    );
  }

  /** Message stream of what is sent, once it is ready. */
  get streamId(): number {
    return this.#streamId;
  }

  /** Size of the chunks that are sent. */
  get chunkBytes(): number {
    return this.#link.outChunkBytes;
  }

  get ready(): boolean {
    return this.#state === "ready";
  }

  get closed(): boolean {
    return this.#state === "closed";
  }

  /** What the server says of the enhanced protocol, once it answered `connect`. */
  get serverCaps(): EnhancedCaps {
    return this.#serverCaps;
  }

  get receivedBytes(): number {
    return this.#link.receivedBytes;
  }

  /** Messages that could not be read, or were begun anew before they were whole. */
  get damagedMessages(): number {
    return this.#damagedMessages + this.#link.abandonedMessages;
  }

  /** The connection stands. */
  get started(): boolean {
    return this.#started;
  }

  /** Sends the first bytes: the connection stands. */
  start(): void {
    this.#started = true;
    this.#handshake.start(this.#options.digest);
  }

  receive(bytes: Uint8Array, nowMs: number): void {
    if (this.closed) return;
    try {
      this.#link.receive(bytes, nowMs);
    } catch (error) {
      if (!(error instanceof MillraceError) || error.kind === "bug") throw error;
      this.#end(error);
    }
  }

  /** When `tick` has to be called next. */
  get nextMs(): number {
    if (this.closed) return Number.POSITIVE_INFINITY;
    if (!this.ready) return this.#startedMs + this.#options.readyTimeoutMs;
    return this.#parts.mode === "publish"
      ? Number.POSITIVE_INFINITY
      : this.#link.lastHeardMs + this.#options.idleTimeoutMs;
  }

  tick(nowMs: number): void {
    if (nowMs < this.nextMs) return;
    const { readyTimeoutMs, idleTimeoutMs } = this.#options;
    this.#end(
      this.ready
        ? timedOut(`the server is silent for ${idleTimeoutMs} ms`)
        : timedOut(`the server took more than ${readyTimeoutMs} ms to ${this.#parts.mode}`),
    );
  }

  /** Sends a message body of a medium, as of an FLV tag. False: the session is not ready, and nothing was sent. */
  sendVideo(body: Uint8Array, timestampMs: number): boolean {
    return this.#sendMedia(VIDEO, body, timestampMs);
  }

  sendAudio(body: Uint8Array, timestampMs: number): boolean {
    return this.#sendMedia(AUDIO, body, timestampMs);
  }

  /** `body`: AMF0 of `onMetaData` and its values, as `FlvMuxer.metadata` makes it. */
  sendMetadata(body: Uint8Array, timestampMs = 0): boolean {
    const marker = serializeAmf0(["@setDataFrame"]);
    const marked = new Uint8Array(marker.length + body.length);
    marked.set(marker);
    marked.set(body, marker.length);
    return this.#sendMedia(DATA_AMF0, marked, timestampMs);
  }

  /** Takes leave of the server and ends the session; `onClose` is called before it returns. */
  close(): void {
    if (this.closed) return;
    if (this.#streamId > 0) {
      if (this.#parts.mode === "publish") this.#call("FCUnpublish", null, this.#parts.target.name);
      this.#call("deleteStream", null, this.#streamId);
    }
    this.#end(undefined);
  }

  #end(reason: MillraceError | undefined): void {
    if (this.closed) return;
    this.#state = "closed";
    this.#link.stop();
    this.#parts.events.onClose(reason);
  }

  #sendMedia(type: number, body: Uint8Array, timestampMs: number): boolean {
    if (!this.ready || this.#parts.mode !== "publish") return false;
    this.#link.sendMessage({ csid: mediaCsid(type), type, streamId: this.#streamId, timestampMs }, body);
    return true;
  }

  /** Sends a command on the connection; returns its transaction. */
  #call(name: string, ...values: AmfValue[]): number {
    return this.#command(0, name, values);
  }

  #command(streamId: number, name: string, values: AmfValue[]): number {
    const transaction = this.#transaction++;
    const { type, body } = writeCommand([name, transaction, ...values]);
    const csid = streamId === 0 ? CSID_COMMAND : CSID_DATA;
    this.#link.sendMessage({ csid, type, streamId, timestampMs: 0 }, body);
    return transaction;
  }

  #connect(): void {
    const { target, mode, auth = "" } = this.#parts;
    const app = target.app + auth;
    const tcUrl = target.tcUrl + auth;
    const common = mode === "publish" ? PUBLISHER_FIELDS : PLAYER_FIELDS;
    this.#state = "connecting";
    this.#call("connect", amfObject({ app, ...common, tcUrl, ...enhancedFields(this.#options.enhanced) }));
  }

  #onMessage(message: ChunkMessage): void {
    const { type, timestampMs, payload } = message;
    if (type === COMMAND_AMF0 || type === COMMAND_AMF3) this.#onCommand(readCommand(type, payload));
    else if (type !== AGGREGATE) this.#onMedia(type, timestampMs, payload);
    else if (!splitAggregate(payload, timestampMs, this.#onTag)) this.#damagedMessages++;
  }

  #onMedia(type: number, timestampMs: number, body: Uint8Array): void {
    if (this.#parts.mode !== "play" || (this.#state !== "ready" && this.#state !== "asking")) return;
    const { events } = this.#parts;
    if (type === VIDEO || type === AUDIO) {
      // Some servers begin without a word.
      this.#becomeReady();
      if (this.closed) return;
      if (type === VIDEO) events.onVideo?.(body, timestampMs);
      else events.onAudio?.(body, timestampMs);
      return;
    }
    if (type !== DATA_AMF0 && type !== DATA_AMF3) return;
    const values = readData(type, body);
    if (values === undefined || typeof values[0] !== "string") this.#damagedMessages++;
    else if (values[0] === "onPlayStatus") this.#onStatus(values[1]);
    else events.onMetadata?.(values, timestampMs);
  }

  #onCommand(command: Command): void {
    switch (command.name) {
      case "_result":
        if (command.transaction === CONNECT_TRANSACTION) this.#onConnected(command);
        else if (command.transaction === this.#createTransaction) this.#onCreated(command.args[0]);
        return;
      case "_error":
        this.#onError(command);
        return;
      case "onStatus":
        this.#onStatus(command.args[0]);
        return;
      case "close":
        this.#end(refused("close", "the server closed the connection"));
        return;
      case "onFCUnpublish":
      case "onFCUnsubscribe":
        if (this.#parts.mode === "play") this.#end(streamEnded(command.name));
        return;
      default:
      // onBWDone, onFCPublish and what else servers say without wanting to hear anything.
    }
  }

  #onConnected(command: Command): void {
    if (this.#state !== "connecting") throw badCommand("an answer to connect that was not due");
    const { target, mode } = this.#parts;
    this.#serverCaps = readEnhancedCaps(command.object);
    if (this.#serverCaps === NO_ENHANCED_CAPS) this.#serverCaps = readEnhancedCaps(command.args[0]);
    this.#state = "creating";
    if (mode === "publish") {
      this.#link.setOutChunkBytes(this.#options.chunkBytes);
      this.#call("releaseStream", null, target.name);
      this.#call("FCPublish", null, target.name);
    } else {
      this.#link.sendWindow(this.#options.windowBytes);
    }
    this.#createTransaction = this.#call("createStream", null);
  }

  #onCreated(id: AmfValue): void {
    if (this.#state !== "creating" || typeof id !== "number" || !(id > 0 && id <= 0xffffffff)) {
      throw badCommand("an answer to createStream without its stream");
    }
    const { target, mode } = this.#parts;
    this.#streamId = id >>> 0;
    this.#state = "asking";
    if (mode === "publish") {
      this.#command(this.#streamId, "publish", [null, target.name, "live"]);
    } else {
      this.#command(this.#streamId, "play", [null, target.name, START_LIVE_OR_RECORDED]);
      this.#link.sendUserControl(SET_BUFFER_LENGTH, this.#streamId, this.#options.bufferMs);
    }
  }

  #onError(command: Command): void {
    const info = command.args[0];
    const code = textField(info, "code") ?? "NetConnection.Call.Failed";
    const description = textField(info, "description") ?? "";
    if (command.transaction === CONNECT_TRANSACTION) this.#onRefused(code, description);
    // Others that fail are releaseStream and FCPublish, which many servers do not know.
    else if (this.#createTransaction > 0 && command.transaction >= this.#createTransaction) {
      this.#end(refused(code, description));
    }
  }

  #onRefused(code: string, description: string): void {
    const { target, auth: query = "", random } = this.#parts;
    const { app, name, user, password } = target;
    const demand = answerDemand({ description, app, name, user, password, query, random });
    if (demand.kind === "none") {
      this.#end(refused(code, description));
    } else if (demand.kind === "failed") {
      this.#end(unauthorized(demand.reason));
    } else if (!this.closed) {
      this.#state = "closed";
      this.#link.stop();
      this.#parts.events.onRedial(demand.query);
    }
  }

  #onStatus(info: AmfValue): void {
    const code = textField(info, "code") ?? "";
    const description = textField(info, "description") ?? "";
    const { events, mode, target } = this.#parts;
    events.onStatus?.(code, description);
    if (this.closed) return;
    if (code === "NetConnection.Connect.ReconnectRequest") {
      const next = reconnectTarget(target, textField(info, "tcUrl"));
      if (next !== undefined) events.onReconnect?.(next, description);
    } else if (code === (mode === "publish" ? "NetStream.Publish.Start" : "NetStream.Play.Start")) {
      this.#becomeReady();
    } else if (mode === "play" && ENDINGS.has(code)) {
      this.#end(streamEnded(code));
    } else if (textField(info, "level") === "error" && code !== "NetStream.Seek.Failed") {
      this.#end(refused(code, description));
    }
  }

  #becomeReady(): void {
    if (this.#state !== "asking") return;
    this.#state = "ready";
    this.#parts.events.onReady();
  }
}
