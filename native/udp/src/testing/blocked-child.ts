import { openUdp } from "../open.ts";
import { UdpSlice } from "../socket.ts";
import { numbered } from "./inbox.ts";

/**
 * For tests only, run in a network namespace.
 *   blocked-child.ts receive IMPLEMENTATION PORT COUNT       prints "ready", then "came COUNT in order"
 *   blocked-child.ts send IMPLEMENTATION ADDRESS PORT COUNT  prints "blocked", then "drained"
 * The sender's socket has room for a few datagrams only, which leave when its network gets to know the receiver.
 */
const LENGTH = 700;
const [role, implementation = "", ...words] = process.argv.slice(2);
const chosen = implementation === "native" ? "native" : "node:dgram";

async function receive(port: number, count: number): Promise<void> {
  const socket = await openUdp({ implementation: chosen, local: { port }, receiveBufferBytes: 2 ** 21 });
  let came = 0;
  let wrong = 0;
  socket.onPackets = (batch) => {
    for (let i = 0; i < batch.count && came < count; i++) {
      const expected = numbered(came, LENGTH);
      if (Buffer.compare(batch.bytes(i), expected) !== 0) wrong++;
      came++;
    }
    if (came < count) return;
    console.log(wrong === 0 ? `came ${came} in order` : `${wrong} of ${came} are wrong`);
    void socket.close();
  };
  console.log("ready");
}

async function send(address: string, port: number, count: number): Promise<void> {
  const socket = await openUdp({ implementation: chosen, sendBufferBytes: 4096 });
  const to = socket.peer(address, port);
  const memory = new Uint8Array(LENGTH);
  const slice = new UdpSlice(memory).at(4, LENGTH - 4);
  for (let i = 0; i < count; i++) {
    memory.set(numbered(i, LENGTH));
    // Some copied, some from memory that has changed by the time they leave; the last ones while nothing is taken any more.
    if (i % 3 === 0) socket.queueSlice(slice, to, memory.subarray(0, 4));
    else socket.queue(memory, to);
    if (i % 3 === 0 || i === count >> 1) socket.flush();
  }
  socket.flush();
  if (socket.queued === 0) throw new Error("the socket was never blocked");
  socket.onDrain = () => {
    console.log(`drained, ${socket.queued} left, ${socket.stats().overflow} dropped`);
    void socket.close();
  };
  // More than it keeps is refused.
  let more = 0;
  while (more < 1000 && socket.queued < 256 && socket.queue(memory, to)) more++;
  console.log("blocked");
}

/** How `send` filled the rest does not matter to the receiver, which stops at COUNT. */
if (role === "receive") await receive(Number(words[0]), Number(words[1]));
else await send(words[0] ?? "", Number(words[1]), Number(words[2]));
