import type { TestContext } from "node:test";
import type { ChunkMessage } from "../../../protocols/rtmp/src/wire/chunk-reader.ts";
import { ChunkReader, DEFAULT_CHUNK_LIMITS } from "../../../protocols/rtmp/src/wire/chunk-reader.ts";
import { FlvGenerator, RtmpClient } from "./rtmp-client.ts";
import { type TestServer, until } from "./server.ts";

const FRAME_MS = 40;

export interface LiveOptions {
  readonly frameBytes?: number;
  /** Number of the first frame. */
  readonly from?: number;
  /** Message stream of the publication. */
  readonly streamId?: number;
}

/** Publishes generated frames in real time until the test ends. */
export class LiveFrames {
  readonly client: RtmpClient;
  readonly generator: FlvGenerator;
  readonly #timer: NodeJS.Timeout;

  constructor(t: Pick<TestContext, "after">, client: RtmpClient, options: LiveOptions = {}) {
    const { frameBytes = 4000, from = 0, streamId = 1 } = options;
    this.client = client;
    this.generator = new FlvGenerator({ frameBytes, from });
    client.send(this.generator.config, streamId);
    const started = performance.now();
    this.#timer = setInterval(() => {
      const due = from + (performance.now() - started) / FRAME_MS;
      while (this.generator.frames < due) client.send(this.generator.next(), streamId);
    }, FRAME_MS);
    t.after(() => this.stop());
  }

  static async start(
    t: Pick<TestContext, "after">,
    port: number,
    { name, ...options }: { name: string } & LiveOptions,
  ): Promise<LiveFrames> {
    return new LiveFrames(t, await RtmpClient.publish(t, port, name), options);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** Why these are not consecutive numbers; undefined when they are. */
export function gapIn(frames: readonly number[]): string | undefined {
  const at = frames.findIndex((frame, i) => i > 0 && frame !== (frames[i - 1] as number) + 1);
  return at < 0 ? undefined : `${frames[at - 1]} is followed by ${frames[at]}`;
}

/** Resolves when the stream is on air. */
export async function running(server: TestServer, stream: string): Promise<void> {
  await until(
    `stream ${stream}`,
    8000,
    async () => (await server.streams()).some(({ name, running: on }) => name === stream && on) || undefined,
  );
}

/** What should not be in the log of a server that is well. */
export function complaints(server: TestServer): string[] {
  const bad = server.log.filter((line) => line.level === "error").map((line) => JSON.stringify(line));
  return server.stderr === "" ? bad : [...bad, server.stderr];
}

/** The messages that a client got, whole ones. */
export function messagesIn(
  bytes: Uint8Array,
): Pick<ChunkMessage, "type" | "streamId" | "timestampMs" | "payload">[] {
  const messages: Pick<ChunkMessage, "type" | "streamId" | "timestampMs" | "payload">[] = [];
  const reader = new ChunkReader(({ type, streamId, timestampMs, payload }) => {
    messages.push({ type, streamId, timestampMs, payload });
  }, DEFAULT_CHUNK_LIMITS);
  reader.push(bytes, 0);
  return messages;
}
