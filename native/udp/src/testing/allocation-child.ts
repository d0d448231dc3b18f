import assert from "node:assert/strict";
import { getHeapStatistics } from "node:v8";
import { UdpSlice } from "../socket.ts";
import { Sockets } from "./implementations.ts";

/** For tests only: sends itself a million datagrams in each way there is; prints the bytes of heap that each took. */
const WARM_UP = 200_000;
const PACKETS = 1_000_000;
const BATCH = 200;
const SIZE = 188;

/** Not there in older versions of the types. */
const allocated = (): number =>
  (getHeapStatistics() as unknown as { total_allocated_bytes: number }).total_allocated_bytes;

await using sockets = new Sockets("native");
const a = await sockets.open();
const b = await sockets.open({ receiveBufferBytes: 2 ** 21 });
const to = a.peer("127.0.0.1", b.local.port);
const from = b.peer("127.0.0.1", a.local.port);
const datagram = new Uint8Array(SIZE);
const head = new Uint8Array(16);
const slice = new UdpSlice(new Uint8Array(10_000));
let came = 0;
let sum = 0;
b.onPackets = (batch) => {
  const { count, block, offsets, lengths } = batch;
  for (let i = 0; i < count; i++) {
    if (!batch.isFrom(i, from) || batch.source(i).port !== from.port) throw new Error("from somebody else");
    sum += (block[offsets[i] as number] as number) + (lengths[i] as number) + (batch.sourceKey(i) & 1);
    if (batch.arrivalNs(i) < 0) throw new Error("before time began");
  }
  came += count;
};

const WAYS: Readonly<Record<string, () => void>> = {
  copied: () => void a.queue(datagram, to),
  sliced: () => void a.queueSlice(slice.at(came & 1023, SIZE), to),
  gathered: () => void a.queueSlice(slice.at(came & 1023, SIZE), to, head),
};

function run(queue: () => void, packets: number): number {
  const before = allocated();
  const end = came + packets;
  while (came < end) {
    for (let i = 0; i < BATCH; i++) queue();
    a.flush();
    assert.equal(b.receive(), true);
  }
  return (allocated() - before) / packets;
}

// Until the compiler has seen all of them often enough, it allocates on its own account and so does what it interprets.
for (let round = 0; round < 3; round++) for (const queue of Object.values(WAYS)) run(queue, WARM_UP);
for (const [name, queue] of Object.entries(WAYS)) console.log(`${name} ${run(queue, PACKETS).toFixed(3)}`);
assert.ok(sum > 0);
assert.equal(b.stats().kernelDrops, 0);
