/**
 * Receives a numbered transport stream, as UDP datagrams on a port, and counts.
 *
 *   count-child ADDRESS PORT
 *
 * Prints "ready", then answers each line that it reads with what came so far as JSON, and ends with its input.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { ArrivalCounter } from "./numbered-ts.ts";
import { socketDrops } from "./socket-drops.ts";

const [address = "", port] = process.argv.slice(2);
const counter = new ArrivalCounter();
const socket = createSocket({ type: "udp4", recvBufferSize: 4 << 20 });
let datagrams = 0;
socket.on("message", (message) => {
  datagrams++;
  counter.push(message);
});
socket.bind(Number(port), address);
await once(socket, "listening");
console.log("ready");
for await (const _ of createInterface({ input: process.stdin })) {
  const drops = socketDrops(process.pid, Number(port));
  console.log(JSON.stringify({ ...counter.report(), datagrams, drops }));
}
socket.close();
