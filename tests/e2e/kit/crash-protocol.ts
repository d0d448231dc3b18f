import { setTimeout as sleep } from "node:timers/promises";
import type { Protocol, StreamWriter } from "@millrace/engine";
import { TsGenerator } from "./generator.ts";

const FRAME_MS = 40;

/**
 * For tests only. `ticks://` is an input that generates a stream in real time; `GET /-/worker` says which worker serves
 * the connection, `POST /-/crash` makes it throw outside of any handler.
 */
export const crash: Protocol = {
  name: "crash",
  schemes: ["ticks"],
  options: [],
  pull: () => ({ lane: "ts", run: generate }),
  routes: (runtime) => [
    {
      methods: ["GET"],
      pattern: /^\/-\/worker$/,
      handle: ({ response }) => void response.end(String(runtime.workerIndex)),
    },
    {
      methods: ["POST"],
      pattern: /^\/-\/crash$/,
      handle: ({ response }) => {
        response.end("so be it");
        setTimeout(() => {
          throw new Error("told to crash");
        }, 20);
      },
    },
  ],
};

async function generate(into: StreamWriter, signal: AbortSignal): Promise<void> {
  const generator = new TsGenerator({ bitrate: 1_000_000, gop: 10 });
  const started = performance.now();
  while (!signal.aborted) {
    const due = (performance.now() - started) / FRAME_MS;
    while (generator.frames < due) into.ts(generator.nextFrame());
    await sleep(FRAME_MS / 2);
  }
}
