import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccessUnit, Track } from "@millrace/model";
import { eventually } from "../../../tests/contract/index.ts";
import type { Logger, PackagedLane, Protocol, StreamHost } from "../api.ts";
import { ArenaTable } from "../memory/pool.ts";
import { makeLane } from "../testing/lane-kit.ts";
import { linePackaging } from "../testing/line-packaging.ts";
import { PackagedTap } from "../testing/units-kit.ts";
import { published, request, startPair } from "../testing/worker-pair.ts";
import { ExportedLane } from "../worker/lane-exchange.ts";
import { Ticker } from "../worker/ticker.ts";
import { PackagedLanes } from "./packaged-lanes.ts";

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => SILENT };
const VIDEO: Track = { id: 1, kind: "video", codec: "h264", timescale: 90_000 };

function protocolOf(...packagings: PackagedLane[]): Protocol {
  return { name: "lines", schemes: [], options: [], packagings };
}

function frame(text: string, fields: Partial<AccessUnit> = {}): AccessUnit {
  const data = [Buffer.from(text)];
  return { track: 1, pts: 0, dts: 0, key: false, discontinuity: false, data, wallMs: 0, ...fields };
}

for (const publisher of ["owner", "other"] as const) {
  test(`a packaged lane is made once and read in both workers, published in the ${publisher} worker`, async (t) => {
    const format = linePackaging();
    const pair = await startPair(t, [published("one")], [protocolOf(format)]);
    const publication = await pair[publisher].publishUnits(request("publish", "one"));
    const { writer } = publication;
    const watch = await pair.other.read("one", "units");
    writer.setTracks([VIDEO]);
    writer.unit(frame("a", { key: true }));
    writer.unit(frame("b", { dts: 3600, pts: 3000 }));
    await eventually(() => watch.lag === 2);
    assert.equal(format.opened, 0, "nobody asked for it");

    const taps: PackagedTap[] = [];
    for (const worker of [pair.other, pair.owner, pair.other]) {
      taps.push(new PackagedTap(await worker.read("one", "lines")));
    }
    await eventually(() => taps.every((tap) => tap.text === "<h264>ab"));
    assert.deepEqual(
      taps[0]?.chunks.slice(1).map(({ dts, disposable, track }) => [dts, disposable, track]),
      [
        [0, false, 1],
        [3600, true, 1],
      ],
    );
    writer.setTracks([{ ...VIDEO, config: new Uint8Array([2]) }]);
    writer.unit(frame("C", { key: true, dts: 7200, pts: 7200 }));
    writer.unit(frame("d", { dts: 10_800, pts: 10_800 }));
    await eventually(() => taps.every((tap) => tap.text === "<h264>ab<h2642>Cd"));
    const late = new PackagedTap(await pair.other.read("one", "lines"));
    await eventually(() => late.text === "<h2642>Cd");
    assert.equal(format.opened, 1);
    publication.end();
    await assert.rejects(pair.other.read("one", "elsewhere"), { code: "not-found" });
    await assert.rejects(pair.owner.read("one", "elsewhere"), { code: "not-found" });
    await pair.supervisor.stop();
    assert.equal(format.disposed, 1);
    assert.ok(taps.every((tap) => tap.reader.reader.ended));
  });
}

test("a packaging that fails to open is a refusal in either worker, and no lane stays", async (t) => {
  const broken: PackagedLane = {
    lane: "lines",
    open: () => {
      throw new Error("no such thing");
    },
  };
  const pair = await startPair(t, [published("one")], [protocolOf(broken)]);
  const refused = { code: "unavailable", message: 'the lane "lines" cannot be made: no such thing' };
  await assert.rejects(pair.owner.read("one", "lines"), refused);
  await assert.rejects(pair.other.read("one", "lines"), refused);
  await eventually(() => pair.errors.length === 2);
  assert.equal(pair.errors[0], "packaging failed");
});

function makeLanes(format: PackagedLane) {
  let nowNs = 0;
  const ended: string[] = [];
  const made: ExportedLane[] = [];
  const lanes = new PackagedLanes({
    protocols: [protocolOf(format)],
    host: { name: "one" } as StreamHost,
    log: SILENT,
    nowNs: () => nowNs,
    makeLane: (kind) => {
      const lane = new ExportedLane(makeLane(kind).writer, new ArenaTable(), new Ticker());
      made.push(lane);
      return lane;
    },
    retire: (lane) => void ended.push(lane.writer.kind),
  });
  const wait = (seconds: number): void => {
    for (let i = 0; i < seconds; i++) {
      nowNs += 1e9;
      lanes.tick();
    }
  };
  return { lanes, ended, made, wait };
}

test("a lane is dropped some seconds after its last reader, and made anew for the next", () => {
  let disposed = 0;
  let opened = 0;
  const open: PackagedLane["open"] = () => {
    opened++;
    return { dispose: () => disposed++ };
  };
  const { lanes, ended, made, wait } = makeLanes({ lane: "lines", open });
  const reader = lanes.lane("lines").view.read("key");
  wait(60);
  assert.deepEqual([opened, disposed, lanes.lanes().length], [1, 0, 1]);
  reader.close();
  wait(8);
  // Somebody comes in time, from another worker perhaps: it has to be there a while before the first reader is.
  assert.equal(lanes.lane("lines"), made[0]);
  wait(8);
  assert.deepEqual([opened, disposed, ended.length], [1, 0, 0]);
  wait(8);
  assert.deepEqual([opened, disposed, ended.length, lanes.lanes().length], [1, 1, 1, 0]);
  lanes.lane("lines");
  assert.deepEqual([opened, made.length], [2, 2]);
});

test("new options of the stream begin the packaging anew, on the same lane", () => {
  const events: string[] = [];
  let broken = false;
  const { lanes, ended } = makeLanes({
    lane: "lines",
    open: () => {
      if (broken) throw new Error("bad option");
      events.push("open");
      return { dispose: () => events.push("dispose") };
    },
  });
  const lane = lanes.lane("lines");
  lanes.reopen();
  assert.deepEqual(events, ["open", "dispose", "open"]);
  assert.equal(lanes.lane("lines"), lane);
  broken = true;
  lanes.reopen();
  assert.deepEqual(events, ["open", "dispose", "open", "dispose"]);
  assert.deepEqual(ended, ["lines"]);
  assert.throws(() => lanes.lane("lines"), { code: "unavailable" });
});
