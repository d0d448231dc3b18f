import { createHash } from "node:crypto";
import type { Options } from "@millrace/model";
import { srt } from "@millrace/protocol-srt";
import { TestLane, TestWriter, testContext } from "../../contract/index.ts";
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
    until(
      "the publisher to be let in",
      10_000,
      () => sink.describe?.()["msTimeStamp"] !== undefined || undefined,
    ),
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
    until(
      "the player to be let in",
      10_000,
      () => source.describe?.()["msTimeStamp"] !== undefined || undefined,
    ),
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

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
