import { reasonOf, type UnitsPublication } from "@millrace/engine";
import { type AmfValue, FlvDemuxer } from "@millrace/flv";
import type { AccessRequest, RefusalReason, ServerConfig } from "@millrace/model";
import { BitrateLimit } from "./bitrate-limit.ts";
import { type LinkHost, PUBLISH_REFUSAL, streamConfig } from "./link-host.ts";
import { MAX_BITRATE, PUBLISH_TAKEOVER } from "./options.ts";
import type { Answer, PublishRequest } from "./session/server-events.ts";

/** One publication of a client: from its request to its end. */
export class LinkPublish {
  readonly #host: LinkHost;
  readonly #request: PublishRequest;
  #publication: UnitsPublication | undefined;
  #demuxer: FlvDemuxer | undefined;
  #stream = "";
  #server: ServerConfig | undefined;
  #limit: BitrateLimit | undefined;
  #ended = false;

  constructor(host: LinkHost, request: PublishRequest) {
    this.#host = host;
    this.#request = request;
  }

  /** Asks the server, and answers the client. */
  async open(answer: Answer): Promise<void> {
    const { runtime } = this.#host;
    const { name, query } = this.#request;
    const access = this.#host.access("publish", name, query);
    try {
      const verdict = await runtime.authorize(access);
      if (!verdict.ok) {
        this.#refuse(answer, verdict.reason, verdict.text ?? verdict.reason);
        return;
      }
      const stream = verdict.stream ?? access.stream;
      const publication = await runtime.publishUnits(
        { ...access, stream },
        { replace: takesOver(runtime.server, stream) },
      );
      if (this.#ended) {
        publication.end();
        return;
      }
      this.#begin(publication, { ...access, stream });
      answer.accept();
    } catch (error) {
      this.#refuse(answer, reasonOf(error), error instanceof Error ? error.message : "refused");
    }
  }

  // Plain arguments: these run for every message.
  video(body: Uint8Array, timestampMs: number): void {
    this.#limit?.add(body.length);
    this.#demuxer?.video(body, timestampMs);
  }

  audio(body: Uint8Array, timestampMs: number): void {
    this.#limit?.add(body.length);
    this.#demuxer?.audio(body, timestampMs);
  }

  metadata(values: AmfValue[]): void {
    this.#demuxer?.metadata(values);
  }

  /** About once a second. */
  tick(): void {
    if (this.#publication === undefined) return;
    const { runtime, nowMs } = this.#host;
    if (runtime.server !== this.#server) this.#readLimit(runtime.server, nowMs);
    if (this.#limit?.tick(nowMs) !== true) return;
    const limitKbit = this.#limit.bitsPerSecond / 1000;
    runtime.log.warn("rtmp publisher cut off: too much", { stream: this.#stream, limitKbit });
    this.#cutOff("NetStream.Publish.Failed", `more than ${limitKbit} kbit/s, the limit of this stream`);
  }

  /** The client or the connection is gone. */
  end(): void {
    this.#ended = true;
    const publication = this.#publication;
    this.#publication = undefined;
    this.#demuxer?.flush();
    this.#demuxer = undefined;
    publication?.end();
  }

  #begin(publication: UnitsPublication, access: AccessRequest): void {
    const { runtime, session, nowMs } = this.#host;
    const { writer, signal } = publication;
    const demuxer = new FlvDemuxer({
      onTracks: (tracks) => writer.setTracks(tracks),
      onUnit: (unit) => writer.unit(unit),
    });
    this.#publication = publication;
    this.#demuxer = demuxer;
    this.#stream = access.stream;
    this.#readLimit(runtime.server, nowMs);
    publication.describe = () => ({ ...demuxer.counters, damagedMessages: session.damagedMessages });
    signal.addEventListener("abort", () => this.#onStopped(), { once: true });
    runtime.log.info("rtmp publisher connected", { stream: access.stream, ip: access.ip });
  }

  /** A limit that the configuration sets anew begins anew. */
  #readLimit(server: ServerConfig, nowMs: number): void {
    this.#server = server;
    const bits = streamConfig(server, this.#stream)?.options[MAX_BITRATE.name];
    if (typeof bits !== "number") this.#limit = undefined;
    else if (this.#limit?.bitsPerSecond !== bits) this.#limit = new BitrateLimit(bits, nowMs);
  }

  /** The server ended the publication: another took over, or the stream is stopped. */
  #onStopped(): void {
    if (this.#ended) return;
    const { runtime, session } = this.#host;
    if (!runtime.knows(this.#stream)) {
      this.#cutOff("NetStream.Unpublish.Success", "the stream was taken away");
    } else if (takesOver(runtime.server, this.#stream)) {
      // Whoever was replaced must not be asked back: the two would take turns.
      this.#cutOff("NetStream.Publish.BadName", "the stream was stopped, or another publisher took over");
    } else {
      session.requestReconnect({ description: "the stream was stopped" });
      this.#cutOff("NetStream.Unpublish.Success", "the stream was stopped");
    }
  }

  #cutOff(code: string, text: string): void {
    const { streamId } = this.#request;
    this.#host.session.stopPublish(streamId, code, text);
    this.end();
    this.#host.over(streamId);
  }

  #refuse(answer: Answer, reason: RefusalReason, text: string): void {
    if (this.#ended) return;
    this.#ended = true;
    const { runtime } = this.#host;
    runtime.log.info("rtmp publisher refused", { stream: this.#request.name, reason: text });
    answer.reject(PUBLISH_REFUSAL[reason], text);
    this.#host.over(this.#request.streamId);
  }
}

function takesOver(server: ServerConfig, stream: string): boolean {
  return streamConfig(server, stream)?.options[PUBLISH_TAKEOVER.name] === true;
}
