import { workerData } from "node:worker_threads";
import { MediaWorker } from "../worker/media-worker.ts";
import type { WorkerStart } from "../worker/protocol.ts";
import { line } from "./line-protocol.ts";

// Entry point of a worker's thread in tests of listeners.
new MediaWorker(workerData as WorkerStart, [line]);
