import type { Clock } from "@millrace/model";
import { LaneView } from "../lane/reader.ts";
import { LaneWriter } from "../lane/writer.ts";
import { ArenaTable, SlabPool } from "../memory/pool.ts";

/** A clock that only moves when told. */
export class TestClock implements Clock {
  ns = 1e9;

  nowNs(): number {
    return this.ns;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.ns / 1e6;
  }

  advanceMs(ms: number): void {
    this.ns += ms * 1e6;
  }
}

/** A lane with its view, for tests. */
export function makeLane(kind = "ts", options: { windowMs?: number; maxBytes?: number } = {}) {
  const clock = new TestClock();
  const table = new ArenaTable();
  const pool = new SlabPool(table, 1);
  const writer = new LaneWriter({
    id: "test",
    kind,
    pool,
    clock,
    windowMs: options.windowMs ?? 1000,
    maxBytes: options.maxBytes ?? 1 << 24,
  });
  const view = new LaneView(writer.handle, table);
  writer.onCommit = () => view.poll();
  writer.onTracks = () => view.setTracks(writer.tracks, writer.handle.tracksVersion);
  return { clock, table, pool, writer, view };
}

/** Writes one chunk of equal bytes. */
export function put(
  writer: LaneWriter,
  chunk: { value: number; length: number; flags?: number; dts?: number },
): void {
  writer.commit();
  writer.room(chunk.length);
  const dts = chunk.dts ?? 0;
  writer.mark(chunk.flags ?? 0, { dts, pts: dts });
  writer.bytes.fill(chunk.value, writer.at, writer.at + chunk.length);
  writer.advance(chunk.length);
  writer.commit();
}
