import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Options } from "@millrace/model";
import { srt } from "@millrace/protocol-srt";
import { TestLane, TestWriter, testContext } from "../../contract/index.ts";
import { TsGenerator } from "./generator.ts";
import { until } from "./server.ts";

type Ending = { after(stop: () => Promise<unknown>): void };

/** Something that sends to an SRT listener. */
export interface SrtPublisher {
  write(packets: Uint8Array): void;
  numbers(): Readonly<Record<string, number | string>>;
  /** Hangs up when all is acknowledged. */
  end(): Promise<void>;
}

/** Calls a listener and publishes; resolves once it is let in, rejects when it is refused. */
export async function publishSrt(t: Ending, url: string, options: Options = {}): Promise<SrtPublisher> {
  const lane = new TestLane();
  const sink = srt.push?.({ url, scheme: "srt", options: { linger: 3000, ...options } }, testContext());
  if (sink === undefined) throw new Error("SRT cannot push");
  const abort = new AbortController();
  const done = sink.run(lane.read(), abort.signal);
  const refused = done.then(() => undefined);
  const end = async (): Promise<void> => {
    lane.end();
    await done;
  };
  t.after(async () => {
    abort.abort();
    await done.catch(() => undefined);
  });
  await Promise.race([
    refused,
    until("the publisher to be let in", 10_000, () => isConnected(sink.describe?.())),
  ]);
  return { write: (packets) => lane.write(packets), numbers: () => sink.describe?.() ?? {}, end };
}

/** A receiver of an SRT stream. */
export interface SrtPlayer {
  bytes(): Uint8Array;
  readonly length: number;
  readonly lost: number;
  numbers(): Readonly<Record<string, number | string>>;
  close(): Promise<void>;
}

/** Calls a listener and receives. */
export async function playSrt(t: Ending, url: string, options: Options = {}): Promise<SrtPlayer> {
  const writer = new TestWriter();
  const source = srt.pull?.(
    { url, scheme: "srt", priority: 1, sourceTimeoutMs: 10_000, options },
    testContext(),
  );
  if (source === undefined) throw new Error("SRT cannot pull");
  const abort = new AbortController();
  const done = source.run(writer, abort.signal);
  const close = async (): Promise<void> => {
    abort.abort();
    await done.catch(() => undefined);
  };
  t.after(close);
  await Promise.race([
    done.then(() => undefined),
    until("the player to be let in", 10_000, () => isConnected(source.describe?.())),
  ]);
  return {
    bytes: () => writer.bytes(),
    get length() {
      return writer.length;
    },
    get lost() {
      return writer.counters["lost"] ?? 0;
    },
    numbers: () => source.describe?.() ?? {},
    close,
  };
}

/** Sends so many seconds of a made-up stream in real time, from its frame `from` on; returns what was sent. */
export async function streamSrt(to: readonly SrtPublisher[], seconds: number, from = 0): Promise<Uint8Array> {
  const generator = new TsGenerator({ bitrate: 4_000_000 });
  for (let i = 0; i < from; i++) generator.nextFrame();
  const sent: Uint8Array[] = [];
  const startMs = performance.now();
  for (let i = 0; i < seconds * 25; i++) {
    const frame = generator.nextFrame();
    sent.push(frame);
    for (const publisher of to) publisher.write(frame);
    await sleep(Math.max(0, startMs + (i + 1) * 40 - performance.now()));
  }
  return Buffer.concat(sent);
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function isConnected(numbers: Readonly<Record<string, number | string>> | undefined): true | undefined {
  return numbers?.["msTimeStamp"] !== undefined || numbers?.["legs"] !== undefined || undefined;
}
