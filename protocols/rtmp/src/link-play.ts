import { reasonOf, type ViewerSession } from "@millrace/engine";
import type { AccessRequest, RefusalReason } from "@millrace/model";
import { LanePlayer } from "./lane-player.ts";
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
  async open(answer: Answer): Promise<void> {
    const { runtime } = this.#host;
    const { name, query } = this.#request;
    const access = this.#host.access("play", name, query);
    try {
      const verdict = await runtime.authorize(access);
      if (!verdict.ok) {
        this.#refuse(answer, verdict.reason, verdict.text ?? verdict.reason);
        return;
      }
      const stream = verdict.stream ?? access.stream;
      const reader = await runtime.read(stream, this.#lane);
      if (this.#ended) {
        reader.close();
        return;
      }
      answer.accept();
      this.#begin(reader, { ...access, stream });
    } catch (error) {
      this.#refuse(answer, reasonOf(error), error instanceof Error ? error.message : "refused");
    }
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

  #begin(reader: ConstructorParameters<typeof LanePlayer>[0]["reader"], access: AccessRequest): void {
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

  #refuse(answer: Answer, reason: RefusalReason, text: string): void {
    if (this.#ended) return;
    this.#ended = true;
    const { runtime } = this.#host;
    runtime.log.info("rtmp player refused", { stream: this.#request.name, reason: text });
    answer.reject(PLAY_REFUSAL[reason], text);
    this.#host.over(this.#request.streamId);
  }
}
