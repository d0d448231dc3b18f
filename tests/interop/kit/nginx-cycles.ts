import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { StreamInfo } from "@millrace/model";
import { freePort, TestServer, until } from "../../e2e/kit/server.ts";
import { residentMb } from "../../soak/memory.ts";
import { Background } from "./background.ts";
import { encodeUnique } from "./coded.ts";
import { NginxRtmp } from "./nginx-rtmp.ts";

/** What a server holds once all is well again. */
export interface Held {
  readonly files: number;
  readonly sessions: number;
  readonly rssMb: number;
  /** Attempts after the first of all pushes, and of all inputs. */
  readonly pushRetries: number;
  readonly inputRetries: number;
}

export interface CycleOptions {
  /** Times that nginx is killed and restored. */
  readonly cycles: number;
  /** Streams that are pushed to nginx, each of which is fetched back as another one. */
  readonly streams: number;
  readonly onCycle?: (held: Held, cycle: number) => void;
}

/** A pause between attempts is ten seconds at most. */
const BACK_TIMEOUT_MS = 30_000;
const SETTLE_TIMEOUT_MS = 8000;
/** So much has to come through nginx before it is killed again. */
const ENOUGH_BYTES = 20_000;

/**
 * Kills nginx and restores it again and again while streams go to it and come back from it. Answers what the server
 * held when all were back: before the first time, and after each. Rejects when one does not come back.
 */
export async function nginxCycles(t: Pick<TestContext, "after">, options: CycleOptions) {
  const { cycles, streams, onCycle } = options;
  const nginx = await NginxRtmp.start(t);
  const port = await freePort();
  const names = Array.from({ length: streams }, (_, i) => `s${i}`);
  const lines = names.flatMap((name) => [
    `stream ${name} { publish_enabled; push ${nginx.url(name)}; }`,
    `stream back-${name} { input ${nginx.url(name)}; }`,
  ]);
  const server = await TestServer.start(t, [`rtmp 127.0.0.1:${port};`, ...lines].join("\n"));
  const file = join(server.folder, "loop.flv");
  await encodeUnique(file, { seconds: 60, size: "96x54" });
  for (const name of names) {
    const url = `rtmp://127.0.0.1:${port}/static/${name}`;
    const input = ["-re", "-stream_loop", "-1", "-i", file];
    Background.start(t as TestContext, "ffmpeg", [
      ...["-v", "error", "-nostdin", ...input, "-c", "copy", "-f", "flv", url],
    ]);
  }
  const samples = [await heldWhenBack(server, new Map(), undefined)];
  onCycle?.(samples[0] as Held, 0);
  for (let cycle = 1; cycle <= cycles; cycle++) {
    await nginx.kill();
    await until("the inputs to be lost", SETTLE_TIMEOUT_MS, async () => {
      return (await backs(server)).every(({ inputs }) => inputs[0]?.state !== "active") || undefined;
    });
    const before = new Map((await backs(server)).map(({ name, bytesIn }) => [name, bytesIn]));
    await nginx.restore();
    const held = await heldWhenBack(server, before, samples[0]?.files);
    samples.push(held);
    onCycle?.(held, cycle);
  }
  return { samples, server };
}

async function backs(server: TestServer): Promise<StreamInfo[]> {
  return (await server.streams()).filter(({ name }) => name.startsWith("back-"));
}

/** Waits until every stream comes back from nginx again, and sockets that are being closed are gone. */
async function heldWhenBack(
  server: TestServer,
  before: ReadonlyMap<string, number>,
  files: number | undefined,
): Promise<Held> {
  await until("all streams to come back from nginx", BACK_TIMEOUT_MS, async () => {
    return (
      (await backs(server)).every(
        ({ name, bytesIn, inputs }) =>
          inputs[0]?.state === "active" && bytesIn > (before.get(name) ?? 0) + ENOUGH_BYTES,
      ) || undefined
    );
  }).catch((error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(server.log.slice(-8))}`);
  });
  if (files !== undefined) {
    await until(`no more than ${files} open files`, SETTLE_TIMEOUT_MS, () => {
      return openFiles(server.pid) <= files || undefined;
    }).catch((error: Error) => {
      throw new Error(`${error.message}: there are ${openFiles(server.pid)}`);
    });
  }
  const streams = await server.streams();
  const retries = (counts: readonly unknown[]): number =>
    counts.reduce<number>((sum, count) => sum + Number(count), 0);
  return {
    files: openFiles(server.pid),
    sessions: (await server.sessions()).length,
    rssMb: residentMb(server.pid),
    pushRetries: retries(streams.flatMap(({ pushes }) => pushes.map((push) => push["retries"]))),
    inputRetries: retries(streams.flatMap(({ inputs }) => inputs.map((input) => input.retries))),
  };
}

/** Open file descriptors of a process, sockets among them. */
function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
