import type { AmfValue } from "@millrace/flv";
import type { MillraceError } from "@millrace/model";
import { type RtmpClientParts, RtmpClientSession } from "./client.ts";
import type { RtmpClientEvents } from "./client-events.ts";
import { type RtmpServerParts, RtmpServerSession } from "./server.ts";
import type { Answer, PlayRequest, PublishRequest, RtmpServerEvents } from "./server-events.ts";
import { parseRtmpUrl, type RtmpTarget } from "./url.ts";

/** No randomness in tests: bytes that depend on how many there are. */
export function plainRandom(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => (i * 7 + count) & 255);
}

type Log = string[];

function reasonText(reason: MillraceError | undefined): string {
  return reason === undefined ? "closed" : reason.code;
}

function describe(values: readonly AmfValue[]): string {
  return JSON.stringify(values, (_, value: unknown) => (value === undefined ? null : value));
}

/** What happened, one line each. */
export class ServerLog implements RtmpServerEvents {
  readonly lines: Log = [];
  readonly answers: Answer[] = [];
  readonly requests: (PublishRequest | PlayRequest)[] = [];
  readonly bodies: Uint8Array[] = [];
  /** Requests are accepted at once. */
  accepting = true;
  refusal: string | undefined;

  onConnect(info: { app: string; tcUrl: string }): string | undefined {
    this.lines.push(`connect ${info.app} ${info.tcUrl}`);
    return this.refusal;
  }
  onPublish(request: PublishRequest, answer: Answer): void {
    this.lines.push(`publish ${request.streamId} ${request.name} ?${request.query} ${request.type}`);
    this.#ask(request, answer);
  }
  onPlay(request: PlayRequest, answer: Answer): void {
    this.lines.push(`play ${request.streamId} ${request.name} ?${request.query} ${request.start}`);
    this.#ask(request, answer);
  }
  #ask(request: PublishRequest | PlayRequest, answer: Answer): void {
    this.requests.push(request);
    this.answers.push(answer);
    if (this.accepting) answer.accept();
  }
  onAudio(body: Uint8Array, timestampMs: number, streamId: number): void {
    this.lines.push(`audio ${streamId} ${timestampMs} ${body.length}`);
    this.bodies.push(body);
  }
  onVideo(body: Uint8Array, timestampMs: number, streamId: number): void {
    this.lines.push(`video ${streamId} ${timestampMs} ${body.length}`);
    this.bodies.push(body);
  }
  onMetadata(values: AmfValue[], timestampMs: number): void {
    this.lines.push(`data ${timestampMs} ${describe(values)}`);
  }
  onStop(streamId: number): void {
    this.lines.push(`stop ${streamId}`);
  }
  onRefused(streamId: number): void {
    this.lines.push(`refused ${streamId}`);
  }
  onPause(streamId: number, paused: boolean, positionMs: number): void {
    this.lines.push(`pause ${streamId} ${paused} ${positionMs}`);
  }
  onSeek(streamId: number, positionMs: number): boolean {
    this.lines.push(`seek ${streamId} ${positionMs}`);
    return positionMs < 1000;
  }
  onReceive(streamId: number, medium: string, wanted: boolean): void {
    this.lines.push(`receive ${streamId} ${medium} ${wanted}`);
  }
  onBufferLength(streamId: number, bufferMs: number): void {
    this.lines.push(`buffer ${streamId} ${bufferMs}`);
  }
  onClose(reason: MillraceError | undefined): void {
    this.lines.push(`close ${reasonText(reason)}`);
  }
}

export class ClientLog implements RtmpClientEvents {
  readonly lines: Log = [];
  readonly bodies: Uint8Array[] = [];
  redial: string | undefined;
  reconnect: RtmpTarget | undefined;

  onReady(): void {
    this.lines.push("ready");
  }
  onAudio(body: Uint8Array, timestampMs: number): void {
    this.lines.push(`audio ${timestampMs} ${body.length}`);
    this.bodies.push(body);
  }
  onVideo(body: Uint8Array, timestampMs: number): void {
    this.lines.push(`video ${timestampMs} ${body.length}`);
    this.bodies.push(body);
  }
  onMetadata(values: AmfValue[], timestampMs: number): void {
    this.lines.push(`data ${timestampMs} ${describe(values)}`);
  }
  onStatus(code: string): void {
    this.lines.push(code);
  }
  onReconnect(target: RtmpTarget, description: string): void {
    this.reconnect = target;
    this.lines.push(`reconnect ${target.tcUrl} ${target.name} ${description}`);
  }
  onRedial(auth: string): void {
    this.redial = auth;
    this.lines.push(`redial ${auth}`);
  }
  onClose(reason: MillraceError | undefined): void {
    this.lines.push(`close ${reasonText(reason)}`);
  }
}

export interface PairOptions {
  readonly url?: string;
  readonly mode: "play" | "publish";
  readonly auth?: string;
  readonly client?: RtmpClientParts["options"];
  readonly server?: RtmpServerParts["options"];
  /** Lengths of the pieces that bytes arrive in, over and over; nothing: as they were sent. */
  readonly pieces?: readonly number[];
}

/** A client and a server, and the bytes between them. */
export class Pair {
  readonly client: RtmpClientSession;
  readonly server: RtmpServerSession;
  readonly clientLog = new ClientLog();
  readonly serverLog = new ServerLog();
  nowMs = 5000;
  readonly #toServer: Uint8Array[] = [];
  readonly #toClient: Uint8Array[] = [];
  readonly #pieces: readonly number[];
  #piece = 0;

  constructor(options: PairOptions) {
    this.#pieces = options.pieces ?? [];
    const { client = {}, server = {}, mode, auth = "" } = options;
    this.server = new RtmpServerSession(
      {
        send: (bytes) => this.#toClient.push(bytes),
        events: this.serverLog,
        random: plainRandom,
        options: server,
      },
      this.nowMs,
    );
    this.client = new RtmpClientSession(
      {
        mode,
        auth,
        target: parseRtmpUrl(options.url ?? "rtmp://host/live/cam?token=1"),
        send: (bytes) => this.#toServer.push(bytes),
        events: this.clientLog,
        random: plainRandom,
        options: client,
      },
      this.nowMs,
    );
  }

  /** Starts the client, and carries bytes until there are no more. */
  connect(): this {
    this.client.start();
    return this.carry();
  }

  carry(): this {
    for (;;) {
      const up = this.#toServer.shift();
      const down = up === undefined ? this.#toClient.shift() : undefined;
      if (up === undefined && down === undefined) return this;
      if (up !== undefined) this.#cut(up, (piece) => this.server.receive(piece, this.nowMs));
      if (down !== undefined) this.#cut(down, (piece) => this.client.receive(piece, this.nowMs));
    }
  }

  /** Every piece is memory of its own that is overwritten afterwards, as a socket's is. */
  #cut(bytes: Uint8Array, receive: (piece: Uint8Array) => void): void {
    for (let at = 0; at < bytes.length; ) {
      const length = this.#pieces[this.#piece++ % Math.max(1, this.#pieces.length)] ?? bytes.length;
      const piece = bytes.slice(at, at + length);
      receive(piece);
      piece.fill(0xee);
      at += length;
    }
  }
}
