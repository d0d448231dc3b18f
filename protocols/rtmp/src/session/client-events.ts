import type { AmfValue } from "@millrace/flv";
import type { MillraceError } from "@millrace/model";
import type { RtmpTarget } from "./url.ts";

/** `body` and `values` belong to whoever gets them. Times are unwrapped milliseconds that can jump, also back. */
export interface RtmpClientEvents {
  /** The server publishes what is sent from now on, or plays. */
  onReady(): void;
  /** Body of an audio message, as of an FLV tag. */
  onAudio?(body: Uint8Array, timestampMs: number): void;
  onVideo?(body: Uint8Array, timestampMs: number): void;
  /** Data message: name and values. */
  onMetadata?(values: AmfValue[], timestampMs: number): void;
  /** Every `onStatus` of the server. */
  onStatus?(code: string, description: string): void;
  /** The server asks to connect to `target` at the next key frame, and to close this session then. */
  onReconnect?(target: RtmpTarget, description: string): void;
  /** The server wants another connection, with this for `auth`. The session is over; `onClose` does not follow. */
  onRedial(auth: string): void;
  /** The last event, once. Undefined: we closed it. */
  onClose(reason: MillraceError | undefined): void;
}
