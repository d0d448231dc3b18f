import { workerData } from "node:worker_threads";
import { MediaWorker, type WorkerStart } from "@millrace/engine";
import { hls } from "../../../protocols/hls/src/index.ts";
import { httpTs } from "../../../protocols/http-ts/src/index.ts";
import { crash } from "./crash-protocol.ts";

// Entry point of a worker's thread in a cluster of the tests.
new MediaWorker(workerData as WorkerStart, [crash, httpTs, hls]);
