import { workerData } from "node:worker_threads";
import { MediaWorker, type WorkerStart } from "@millrace/engine";
import { POLICIES } from "./policies.ts";
import { PROTOCOLS } from "./protocols.ts";

// Entry point of a media worker's thread.
new MediaWorker(workerData as WorkerStart, PROTOCOLS, POLICIES);
