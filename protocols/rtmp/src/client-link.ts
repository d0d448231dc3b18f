import type { Socket } from "node:net";
import { type Runtime, reasonOf, type UnitsPublication } from "@millrace/engine";
import { FlvDemuxer } from "@millrace/flv";
import type { AccessRequest, RefusalReason } from "@millrace/model";
import { LanePlayer } from "./lane-player.ts";
import { PLAY_CHUNK_BYTES, PLAY_STREAM_ID, RTMP_LANE } from "./packaging.ts";
import { RtmpServerSession } from "./session/server.ts";
import type { Answer, PlayRequest, PublishRequest } from "./session/server-events.ts";

/** The words in which RTMP refuses (RTMP 1.0 §7.2.2). */
const PUBLISH_REFUSAL: Readonly<Record<RefusalReason, string>> = {
  "bad-request": "NetStream.Publish.BadName",
  unauthorized: "NetStream.Publish.Unauthorized",
  forbidden: "NetStream.Publish.Unauthorized",
  "not-found": "NetStream.Publish.BadName",
  busy: "NetStream.Publish.BadName",
  unavailable: "NetStream.Publish.Failed",
};
const PLAY_REFUSAL: Readonly<Record<RefusalReason, string>> = {
  "bad-request": "NetStream.Play.Failed",
  unauthorized: "NetStream.Play.Failed",
  forbidden: "NetStream.Play.Failed",
  "not-found": "NetStream.Play.StreamNotFound",
  busy: "NetStream.Play.Failed",
  unavailable: "NetStream.Play.Failed",
};
/** A client that was refused gets so long to read why. */
const LAST_WORD_MS = 500;

/** One RTMP client of ours: its socket, its session, and what it publishes or plays. */
export class RtmpClientLink {
  readonly #runtime: Runtime;
  readonly #socket: Socket;
  readonly #session: RtmpServerSession;
  readonly #ip: string;
  #publication: UnitsPublication | undefined;
  #demuxer: FlvDemuxer | undefined;
  #player: LanePlayer | undefined;
  #busy = false;
  #closed = false;

  constructor(runtime: Runtime, socket: Socket, random: (count: number) => Uint8Array) {
    this.#runtime = runtime;
    this.#socket = socket;
    this.#ip = (socket.remoteAddress ?? "").replace(/^::ffff:(?=\d)/, "");
    this.#session = new RtmpServerSession(
      {
        send: (bytes) => socket.write(bytes),
        random,
        options: { chunkBytes: PLAY_CHUNK_BYTES },
        events: {
          onPublish: (request, answer) => void this.#publish(request, answer),
          onPlay: (request, answer) => void this.#play(request, answer),
          onVideo: (body, timestampMs) => this.#demuxer?.video(body, timestampMs),
          onAudio: (body, timestampMs) => this.#demuxer?.audio(body, timestampMs),
          onMetadata: (values) => this.#demuxer?.metadata(values),
          onStop: () => this.#stop(),
          onPause: (_streamId, paused) => this.#player?.pause(paused),
          onClose: (reason) => this.#onClose(reason?.message),
        },
      },
      this.#nowMs,
    );
    socket.on("data", (bytes: Uint8Array) => this.#session.receive(bytes, this.#nowMs));
    socket.on("error", () => this.close());
    socket.on("close", () => this.close());
  }

  tick(): void {
    if (this.#session.nextMs <= this.#nowMs) this.#session.tick(this.#nowMs);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stop();
    this.#session.close();
    this.#socket.destroy();
  }

  get #nowMs(): number {
    return Math.floor(this.#runtime.clock.nowNs() / 1e6);
  }

  async #publish(request: PublishRequest, answer: Answer): Promise<void> {
    const access = this.#access("publish", request.name, request.query);
    const refuse = (reason: RefusalReason, text: string): void =>
      this.#refuse(answer, PUBLISH_REFUSAL[reason], text);
    try {
      const verdict = await this.#runtime.authorize(access);
      if (!verdict.ok) {
        refuse(verdict.reason, verdict.text ?? verdict.reason);
        return;
      }
      const publication = await this.#runtime.publishUnits({
        ...access,
        stream: verdict.stream ?? access.stream,
      });
      if (this.#closed || this.#publication !== undefined) {
        publication.end();
        return;
      }
      this.#takePublication(publication, request.streamId, access);
      answer.accept();
    } catch (error) {
      refuse(reasonOf(error), error instanceof Error ? error.message : "refused");
    }
  }

  #takePublication(publication: UnitsPublication, streamId: number, access: AccessRequest): void {
    const { log } = this.#runtime;
    const { writer, signal } = publication;
    const { stream, ip } = access;
    this.#publication = publication;
    const demuxer = new FlvDemuxer({
      onTracks: (tracks) => writer.setTracks(tracks),
      onUnit: (unit) => writer.unit(unit),
    });
    this.#demuxer = demuxer;
    publication.describe = () => ({ ...demuxer.counters, damagedMessages: this.#session.damagedMessages });
    signal.addEventListener(
      "abort",
      () => {
        if (this.#publication !== publication) return;
        this.#session.stopPublish(streamId, "NetStream.Unpublish.Success", "the stream was stopped");
        this.#lastWord();
      },
      { once: true },
    );
    log.info("rtmp publisher connected", { stream, ip });
  }

  async #play(request: PlayRequest, answer: Answer): Promise<void> {
    const access = this.#access("play", request.name, request.query);
    const refuse = (reason: RefusalReason, text: string): void =>
      this.#refuse(answer, PLAY_REFUSAL[reason], text);
    if (request.streamId !== PLAY_STREAM_ID || this.#busy || this.#player !== undefined) {
      refuse("busy", "one stream plays on a connection");
      return;
    }
    this.#busy = true;
    try {
      const verdict = await this.#runtime.authorize(access);
      if (!verdict.ok) {
        refuse(verdict.reason, verdict.text ?? verdict.reason);
        return;
      }
      const stream = verdict.stream ?? access.stream;
      const reader = await this.#runtime.read(stream, RTMP_LANE);
      if (this.#closed) {
        reader.close();
        return;
      }
      answer.accept();
      this.#runtime.log.info("rtmp player connected", { stream, ip: this.#ip });
      this.#player = new LanePlayer({
        socket: this.#socket,
        reader,
        session: this.#runtime.openSession({ ...access, stream }),
        onEnd: () => {
          this.#session.stopPlay(request.streamId);
          this.#lastWord();
        },
      });
      this.#player.start();
    } catch (error) {
      refuse(reasonOf(error), error instanceof Error ? error.message : "refused");
    } finally {
      this.#busy = false;
    }
  }

  #refuse(answer: Answer, code: string, text: string): void {
    this.#runtime.log.info("rtmp client refused", { ip: this.#ip, reason: text });
    answer.reject(code, text);
    this.#lastWord();
  }

  /** Lets the client read what was said, and hangs up. */
  #lastWord(): void {
    this.#stop();
    this.#socket.end();
    setTimeout(() => this.close(), LAST_WORD_MS).unref();
  }

  #access(kind: AccessRequest["kind"], stream: string, queryText: string): AccessRequest {
    const query = Object.fromEntries(new URLSearchParams(queryText));
    const { token, user, password } = query;
    const info = this.#session.info;
    return {
      kind,
      stream,
      protocol: "rtmp",
      ip: this.#ip,
      query,
      ...(token === undefined ? {} : { token }),
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { password }),
      ...(info === undefined || info.flashVer === "" ? {} : { userAgent: info.flashVer }),
      ...(info === undefined || info.pageUrl === "" ? {} : { referer: info.pageUrl }),
    };
  }

  #stop(): void {
    this.#demuxer?.flush();
    this.#demuxer = undefined;
    this.#publication?.end();
    this.#publication = undefined;
    this.#player?.close();
    this.#player = undefined;
  }

  #onClose(reason: string | undefined): void {
    if (reason !== undefined) this.#runtime.log.info("rtmp client gone", { ip: this.#ip, reason });
    this.close();
  }
}
