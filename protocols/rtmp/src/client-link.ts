import type { Socket } from "node:net";
import type { Runtime } from "@millrace/engine";
import type { AccessRequest } from "@millrace/model";
import type { LinkHost } from "./link-host.ts";
import { LinkPlay } from "./link-play.ts";
import { LinkPublish } from "./link-publish.ts";
import { PLAY_CHUNK_BYTES } from "./packaging.ts";
import { RtmpServerSession } from "./session/server.ts";

/** A client that was refused gets so long to read why. */
const LAST_WORD_MS = 500;

export interface ClientLinkParts {
  readonly runtime: Runtime;
  readonly socket: Socket;
  readonly random: (count: number) => Uint8Array;
  /** See `LinkHost`. */
  readonly legacyHevc: boolean;
}

/** One RTMP client of ours: its socket, its session, and what it publishes and plays, one of them in each message stream. */
export class RtmpClientLink implements LinkHost {
  readonly runtime: Runtime;
  readonly socket: Socket;
  readonly session: RtmpServerSession;
  readonly legacyHevc: boolean;
  readonly #ip: string;
  readonly #publishes = new Map<number, LinkPublish>();
  readonly #plays = new Map<number, LinkPlay>();
  /** The last word is said: nothing new begins. */
  #ending = false;
  #closed = false;

  constructor({ runtime, socket, random, legacyHevc }: ClientLinkParts) {
    this.runtime = runtime;
    this.socket = socket;
    this.legacyHevc = legacyHevc;
    this.#ip = (socket.remoteAddress ?? "").replace(/^::ffff:(?=\d)/, "");
    this.session = new RtmpServerSession(
      {
        send: (bytes) => socket.write(bytes),
        random,
        options: { chunkBytes: PLAY_CHUNK_BYTES },
        events: {
          onPublish: (request, answer) => {
            if (this.#ending) return;
            const publish = new LinkPublish(this, request);
            this.#publishes.set(request.streamId, publish);
            void publish.open(answer);
          },
          onPlay: (request, answer) => {
            if (this.#ending) return;
            const play = new LinkPlay(this, request);
            this.#plays.set(request.streamId, play);
            void play.open(answer);
          },
          onVideo: (body, timestampMs, streamId) => this.#publishes.get(streamId)?.video(body, timestampMs),
          onAudio: (body, timestampMs, streamId) => this.#publishes.get(streamId)?.audio(body, timestampMs),
          onMetadata: (values, _timestampMs, streamId) => this.#publishes.get(streamId)?.metadata(values),
          onStop: (streamId) => this.#stop(streamId),
          onPause: (streamId, paused) => this.#plays.get(streamId)?.pause(paused),
          onRefused: (streamId, reason) => {
            runtime.log.info("rtmp client refused", { ip: this.#ip, reason });
            this.over(streamId);
          },
          onClose: (reason) => this.#onClose(reason?.message),
        },
      },
      this.nowMs,
    );
    socket.on("data", (bytes: Uint8Array) => this.session.receive(bytes, this.nowMs));
    socket.on("error", () => this.close());
    socket.on("close", () => this.close());
  }

  get nowMs(): number {
    return Math.floor(this.runtime.clock.nowNs() / 1e6);
  }

  tick(): void {
    if (this.session.nextMs <= this.nowMs) this.session.tick(this.nowMs);
    for (const publish of this.#publishes.values()) publish.tick();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopAll();
    this.session.close();
    this.socket.destroy();
  }

  /**
   * Asks a client that knows how to come back, as the server goes (Enhanced RTMP v2, "Reconnect Request"), and hangs up.
   * Resolves when nothing is open any more.
   */
  shutDown(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    const isUsed = this.#publishes.size > 0 || this.#plays.size > 0;
    if (isUsed) this.session.requestReconnect({ description: "the server is stopping" });
    this.#ending = true;
    this.#stopAll();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.close(), LAST_WORD_MS);
      this.socket.once("close", () => {
        clearTimeout(timer);
        resolve();
      });
      this.socket.destroySoon();
    });
  }

  /** Lets the client read what was said, and hangs up, unless it publishes or plays in another message stream. */
  over(streamId: number): void {
    this.#stop(streamId);
    if (this.#closed || this.#publishes.size > 0 || this.#plays.size > 0) return;
    this.#ending = true;
    this.socket.end();
    setTimeout(() => this.close(), LAST_WORD_MS).unref();
  }

  access(kind: AccessRequest["kind"], stream: string, queryText: string): AccessRequest {
    const query = Object.fromEntries(new URLSearchParams(queryText));
    const { token, user, password } = query;
    const { info } = this.session;
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

  #stop(streamId: number): void {
    this.#publishes.get(streamId)?.end();
    this.#publishes.delete(streamId);
    this.#plays.get(streamId)?.end();
    this.#plays.delete(streamId);
  }

  #stopAll(): void {
    for (const streamId of [...this.#publishes.keys(), ...this.#plays.keys()]) this.#stop(streamId);
  }

  #onClose(reason: string | undefined): void {
    if (reason !== undefined) this.runtime.log.info("rtmp client gone", { ip: this.#ip, reason });
    this.close();
  }
}
