import type { AmfValue } from "@millrace/flv";
import type { MillraceError } from "@millrace/model";
import type { EnhancedCaps } from "./enhanced.ts";

/** What a client said of itself in `connect`. */
export interface ConnectInfo {
  readonly app: string;
  readonly tcUrl: string;
  readonly flashVer: string;
  readonly pageUrl: string;
  readonly swfUrl: string;
  /** 0 or 3: the AMF that it speaks. */
  readonly objectEncoding: number;
  readonly enhanced: EnhancedCaps;
}

interface Request {
  /** Message stream that it is for. */
  readonly streamId: number;
  readonly app: string;
  /** The whole name of the stream, see `joinStreamName`. */
  readonly name: string;
  /** What stood behind the question mark; empty if there was none. */
  readonly query: string;
}

export interface PublishRequest extends Request {
  readonly type: "live" | "record" | "append";
}

export interface PlayRequest extends Request {
  /** As it came: -2 live or recorded, -1 live, else a position; seconds, but some clients mean milliseconds. */
  readonly start: number;
  /** As it came: -1 all, else a length, in the unit of `start`. */
  readonly duration: number;
  /** Of `play2`: `switch`, `swap` and so on, while the stream plays already. */
  readonly transition: string | undefined;
}

/** To be given now or later, once; any further one, or one that comes too late, does nothing. */
export interface Answer {
  accept(): void;
  /** `code` as in `NetStream.Publish.BadName`. The connection stays: close it if that is wanted. */
  reject(code: string, text: string): void;
}

/** `body` and `values` belong to whoever gets them. Times are unwrapped milliseconds that can jump, also back. */
export interface RtmpServerEvents {
  /** Text: the client is refused for this reason. */
  onConnect?(info: ConnectInfo): string | undefined;
  onPublish(request: PublishRequest, answer: Answer): void;
  onPlay(request: PlayRequest, answer: Answer): void;
  /** Body of an audio message, as of an FLV tag; only of an accepted publication. What came before is handed on then. */
  onAudio(body: Uint8Array, timestampMs: number, streamId: number): void;
  onVideo(body: Uint8Array, timestampMs: number, streamId: number): void;
  /** Data message: name and values, `@setDataFrame` taken away: `["onMetaData", { width: 1920, … }]`. */
  onMetadata(values: AmfValue[], timestampMs: number, streamId: number): void;
  /** A publication or play that was asked for, and not rejected, is over; the connection goes on. */
  onStop(streamId: number): void;
  /** A request was refused for its name, which no stream can have. Nothing was asked. */
  onRefused?(streamId: number, reason: string): void;
  /** A player pauses, or goes on. */
  onPause?(streamId: number, paused: boolean, positionMs: number): void;
  /** True: it will be done. */
  onSeek?(streamId: number, positionMs: number): boolean;
  /** A player wants a medium, or no longer. */
  onReceive?(streamId: number, medium: "audio" | "video", wanted: boolean): void;
  onBufferLength?(streamId: number, bufferMs: number): void;
  /** The last event, once, after `close` too. Undefined: we closed it. */
  onClose(reason: MillraceError | undefined): void;
}
