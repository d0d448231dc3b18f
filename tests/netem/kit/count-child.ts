/**
 * Receives a numbered transport stream, as UDP datagrams on a port, and counts.
 *
 *   count-child ADDRESS PORT
 *
 * Prints "ready", then answers each line that it reads with what came so far as JSON, and ends with its input. A line is
 * two numbers: of the packets from the first up to the second those that did not come are counted.
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
for await (const line of createInterface({ input: process.stdin })) {
  const [from = 0, to = 0] = line.split(" ").map(Number);
  const drops = socketDrops(process.pid, Number(port));
  const missed = counter.missingBetween(from, to);
  console.log(JSON.stringify({ ...counter.report(), datagrams, drops, missed }));
}
socket.close();
