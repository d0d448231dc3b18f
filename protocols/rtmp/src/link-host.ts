import type { Socket } from "node:net";
import { matchPattern, type Runtime } from "@millrace/engine";
import type { AccessRequest, RefusalReason, ServerConfig, StreamConfig } from "@millrace/model";
import type { RtmpServerSession } from "./session/server.ts";

/** What a publication or a play knows of its connection. */
export interface LinkHost {
  readonly runtime: Runtime;
  readonly session: RtmpServerSession;
  readonly socket: Socket;
  readonly nowMs: number;
  /** The players of this port are old: H.265 goes out as codec id 12 to those who do not say otherwise. */
  readonly legacyHevc: boolean;
  access(kind: AccessRequest["kind"], name: string, query: string): AccessRequest;
  /** What this stream was for is refused or over: the connection ends if nothing else goes on in it. */
  over(streamId: number): void;
}

/** The words in which RTMP refuses (RTMP 1.0 §7.2.2). */
export const PUBLISH_REFUSAL: Readonly<Record<RefusalReason, string>> = {
  "bad-request": "NetStream.Publish.BadName",
  unauthorized: "NetStream.Publish.Unauthorized",
  forbidden: "NetStream.Publish.Unauthorized",
  "not-found": "NetStream.Publish.BadName",
  busy: "NetStream.Publish.BadName",
  unavailable: "NetStream.Publish.Failed",
};
export const PLAY_REFUSAL: Readonly<Record<RefusalReason, string>> = {
  "bad-request": "NetStream.Play.Failed",
  unauthorized: "NetStream.Play.Failed",
  forbidden: "NetStream.Play.Failed",
  "not-found": "NetStream.Play.StreamNotFound",
  busy: "NetStream.Play.Failed",
  unavailable: "NetStream.Play.Failed",
};

/** What the file says of the stream; undefined when it does not know it. */
export function streamConfig(server: ServerConfig, stream: string): StreamConfig | undefined {
  return server.streams.find(({ name }) => name === stream) ?? matchPattern(server, stream);
}
