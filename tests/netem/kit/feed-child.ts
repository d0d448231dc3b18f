/**
 * Sends a numbered transport stream as UDP datagrams at a constant rate.
 *
 *   feed-child ADDRESS PORT BITS_PER_SECOND DATAGRAMS
 *
 * Prints "ready", starts with the first line that it reads, and prints what it sent as JSON at the end.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { NumberedTs } from "./numbered-ts.ts";

const [address = "", port, rate, wanted] = process.argv.slice(2);
const stream = new NumberedTs(Number(rate));
const socket = createSocket({ type: "udp4", sendBufferSize: 4 << 20 });
let sent = 0;
let failed = 0;
let lateMs = 0;

function finish(): void {
  socket.close();
  console.log(JSON.stringify({ datagrams: sent, packets: sent * 7, failed, lateMs: Math.round(lateMs) }));
  process.stdin.destroy();
}

function sendDue(startMs: number): void {
  const nowMs = performance.now() - startMs;
  lateMs = Math.max(lateMs, nowMs - sent * stream.datagramMs);
  while (sent < Number(wanted) && sent * stream.datagramMs <= nowMs) {
    sent++;
    socket.send(stream.nextDatagram(), (error) => {
      if (error !== null) failed++;
    });
  }
  if (sent < Number(wanted)) setTimeout(sendDue, 1, startMs);
  else setTimeout(finish, 10);
}

socket.connect(Number(port), address);
await once(socket, "connect");
// A receiver that is gone is not this program's business.
socket.on("error", () => undefined);
console.log("ready");
await once(process.stdin, "data");
sendDue(performance.now());
