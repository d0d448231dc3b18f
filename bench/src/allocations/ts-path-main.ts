import { getHeapStatistics } from "node:v8";
import { PACKET_SIZE, PacketAligner, TsScanner } from "@millrace/mpegts";
import type { Batch } from "../../../engine/src/lane/batch.ts";
import { Fanout, type FanoutMember } from "../../../engine/src/lane/fanout.ts";
import { AUTOMATIC } from "../../../engine/src/lane/gathering.ts";
import { LaneView } from "../../../engine/src/lane/reader.ts";
import { LaneWriter } from "../../../engine/src/lane/writer.ts";
import { ArenaTable, SlabPool } from "../../../engine/src/memory/pool.ts";
import { TsOutput } from "../../../engine/src/stream/ts-output.ts";
import { Ticker } from "../../../engine/src/worker/ticker.ts";
import { syntheticTs } from "../synthetic-ts.ts";

/**
 * Moves packets through one thread as a worker does, from bytes to what a viewer's socket is handed, and prints what that
 * allocated on V8's heap, bytes for each packet:
 *   ts-path-main.ts PACKETS [wasteful]
 * `wasteful` has the viewer make an object for each packet: what a mistake would look like.
 */

/** Packets that come at once: what is read from a socket in one go; and their time. */
const BATCH = 348;
const BATCH_NS = 50e6;
const WARM_UP = 1;
const VIEWERS = 3;

const [packetsText, kind] = process.argv.slice(2);
const packets = Number(packetsText);
const media = syntheticTs(10_000_000, 20);

class Viewer implements FanoutMember {
  bytes = 0;
  last: object = {};
  readonly #isWasteful: boolean;

  constructor(isWasteful: boolean) {
    this.#isWasteful = isWasteful;
  }

  send(batch: Batch): void {
    this.bytes += batch.view.length;
    if (!this.#isWasteful) return;
    for (let at = 0; at < batch.bytes; at += PACKET_SIZE) this.last = { at };
  }

  fallBehind(): void {
    throw new Error("a viewer that is never slow fell behind");
  }

  check(): void {}

  laneEnded(): void {}
}

const clock = { ns: 1e9, nowNs: () => clock.ns, wallMs: () => 1.7e12 + clock.ns / 1e6 };
const table = new ArenaTable();
const pool = new SlabPool(table, 1);
const lane = new LaneWriter({ id: "a", kind: "ts", pool, clock, windowMs: 2000, maxBytes: 1 << 24 });
const view = new LaneView(lane.handle, table);
lane.onCommit = () => view.poll();
const ticker = new Ticker();
const output = new TsOutput(lane, ticker, clock);
const scanner = new TsScanner();
const aligner = new PacketAligner((buf, start, count) => {
  scanner.scan(buf, start, count);
  output.write(scanner, buf, start, count);
});
const fanout = new Fanout(view.read("live"), { gathering: AUTOMATIC, onEmpty: () => {} });
const viewers = Array.from({ length: VIEWERS }, (_, i) => new Viewer(kind === "wasteful" && i === 0));
for (const viewer of viewers) fanout.add(viewer);

/** Made beforehand: views of what arrives are the socket's, not the path's. */
const arrivals = Array.from({ length: Math.floor(media.length / PACKET_SIZE / BATCH) }, (_, i) =>
  media.subarray(i * BATCH * PACKET_SIZE, (i + 1) * BATCH * PACKET_SIZE),
);

/** Each turn is one of the event loop: what came is committed, readers are woken, and what gathered goes out. */
function move(count: number): void {
  for (let turn = 0, done = 0; done < count; turn += 1, done += BATCH) {
    clock.ns += BATCH_NS;
    aligner.push(arrivals[turn % arrivals.length] as Uint8Array);
    ticker.run();
    if (turn % 10 === 9) fanout.flush();
  }
}

const allocated = (): number => getHeapStatistics().total_allocated_bytes;

move(packets * WARM_UP);
const sentBefore = viewers[0]?.bytes ?? 0;
const before = allocated();
move(packets);
const bytes = allocated() - before;
fanout.flush();
const sent = ((viewers[0]?.bytes ?? 0) - sentBefore) / PACKET_SIZE;
for (const viewer of viewers) fanout.remove(viewer);
console.log(JSON.stringify({ bytesPerPacket: bytes / packets, packets, sent }));
process.exit(0);
