import type { LaneReader, ViewerSession } from "@millrace/engine";
import type { AccessRequest } from "@millrace/model";
import { LanePlayer } from "./lane-player.ts";
import { admit } from "./link-admission.ts";
import { type LinkHost, PLAY_REFUSAL, streamConfig } from "./link-host.ts";
import { PLAY_CHUNK_BYTES, PLAY_STREAM_ID, RTMP_LANE, RTMP_LEGACY_LANE } from "./packaging.ts";
import { isEnhanced, NO_ENHANCED_CAPS } from "./session/enhanced.ts";
import type { Answer, PlayRequest } from "./session/server-events.ts";
import { StreamSocket } from "./stream-socket.ts";

/** One play of a client: from its request to its end. */
export class LinkPlay {
  readonly #host: LinkHost;
  readonly #request: PlayRequest;
  #player: LanePlayer | undefined;
  #stream = "";
  #ended = false;

  constructor(host: LinkHost, request: PlayRequest) {
    this.#host = host;
    this.#request = request;
  }

  /** Asks the server, and answers the client. */
  open(answer: Answer): Promise<void> {
    return admit({
      host: this.#host,
      kind: "play",
      request: this.#request,
      answer,
      refusals: PLAY_REFUSAL,
      open: ({ stream }) => this.#host.runtime.read(stream, this.#lane),
      discard: (reader) => reader.close(),
      begin: (reader, access) => {
        answer.accept();
        this.#begin(reader, access);
      },
      isEnded: () => this.#ended,
      end: () => this.end(),
    });
  }

  pause(paused: boolean): void {
    this.#player?.pause(paused);
  }

  /** The client or the connection is gone. */
  end(): void {
    this.#ended = true;
    this.#player?.close();
    this.#player = undefined;
  }

  get #lane(): string {
    const { legacyHevc, session } = this.#host;
    const says = isEnhanced(session.info?.enhanced ?? NO_ENHANCED_CAPS);
    return legacyHevc && !says ? RTMP_LEGACY_LANE : RTMP_LANE;
  }

  #begin(reader: LaneReader, access: AccessRequest): void {
    const { runtime, socket } = this.#host;
    const { streamId } = this.#request;
    const { stream, ip } = access;
    this.#stream = stream;
    runtime.log.info("rtmp player connected", { stream, ip });
    const session: ViewerSession = runtime.openSession(access);
    this.#player = new LanePlayer({
      socket: streamId === PLAY_STREAM_ID ? socket : new StreamSocket(socket, streamId, PLAY_CHUNK_BYTES),
      reader,
      session,
      onEnd: (reason) => this.#onLaneEnd(reason),
    });
    this.#player.start();
  }

  #onLaneEnd(reason: "ended" | "torn" | "stalled"): void {
    if (this.#ended) return;
    const { runtime, session } = this.#host;
    const { streamId } = this.#request;
    // It will be back when it is one that always runs: the server restarts, or moves it.
    const back = streamConfig(runtime.server, this.#stream)?.kind === "static";
    if (reason === "ended" && back) session.requestReconnect({ description: "the stream was stopped" });
    session.stopPlay(streamId);
    this.end();
    this.#host.over(streamId);
  }
}
