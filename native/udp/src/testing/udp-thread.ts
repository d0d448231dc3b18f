import { parentPort, workerData } from "node:worker_threads";
import { openUdp } from "../open.ts";

/** For tests only: answers every datagram until it hears "end"; `throw` and `idle` are other ways to go. */
const { implementation, role } = workerData as { implementation: "native" | "node:dgram"; role: string };

const socket = await openUdp({ implementation, local: { host: "127.0.0.1", port: 0 } });
socket.onPackets = (batch) => {
  if (role === "throw") throw new Error("thrown in onPackets");
  for (let i = 0; i < batch.count; i++) {
    const bytes = batch.bytes(i);
    socket.queue(bytes, batch.source(i));
    if (bytes.length === 3) void socket.close();
  }
  socket.flush();
};
if (role === "idle") socket.unref();
parentPort?.postMessage(socket.local.port);
