import type { UnitsPublication } from "@millrace/engine";
import { type AmfValue, FlvDemuxer } from "@millrace/flv";
import type { AccessRequest, ServerConfig } from "@millrace/model";
import { BitrateLimit } from "./bitrate-limit.ts";
import { admit } from "./link-admission.ts";
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
  open(answer: Answer): Promise<void> {
    const { runtime } = this.#host;
    return admit({
      host: this.#host,
      kind: "publish",
      request: this.#request,
      answer,
      refusals: PUBLISH_REFUSAL,
      open: (access) => runtime.publishUnits(access, { replace: takesOver(runtime.server, access.stream) }),
      discard: (publication) => publication.end(),
      begin: (publication, access) => {
        this.#begin(publication, access);
        answer.accept();
      },
      isEnded: () => this.#ended,
      end: () => this.end(),
    });
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
}

function takesOver(server: ServerConfig, stream: string): boolean {
  return streamConfig(server, stream)?.options[PUBLISH_TAKEOVER.name] === true;
}
