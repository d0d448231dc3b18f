import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../../tests/contract/index.ts";
import type { Logger, PackagedShelf, Protocol, StreamHost } from "../api.ts";
import { published, startPair } from "../testing/worker-pair.ts";
import { PackagedShelves } from "./packaged-shelves.ts";
import type { ShelfChange, ShelfWriter } from "./shelf.ts";

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => SILENT };

/** Puts what it stored on its shelf; counts how often it was opened and disposed. */
function makeFormat() {
  const format = {
    shelf: "papers",
    opened: 0,
    disposed: 0,
    writer: undefined as ShelfWriter | undefined,
    open: (host: StreamHost, writer: ShelfWriter) => {
      format.opened++;
      format.writer = writer;
      const spans = host.store([Buffer.from(`bytes ${format.opened}`)]);
      writer.put("first", { type: "text/plain", spans, data: { nested: [1, { two: 2 }] } });
      return { dispose: () => void format.disposed++ };
    },
  } satisfies PackagedShelf & Record<string, unknown>;
  return format;
}

function protocolOf(format: PackagedShelf): Protocol {
  return { name: "papers", schemes: [], options: [], shelves: [format] };
}

test("a shelf is filled on first demand, once for both workers, and its bytes are read in both", async (t) => {
  const format = makeFormat();
  const pair = await startPair(t, [published("one")], [protocolOf(format)]);
  assert.equal(format.opened, 0, "nobody asked for it");
  for (const worker of [pair.other, pair.owner, pair.other]) {
    const shelf = await worker.shelf("one", "papers");
    const item = shelf.get("first");
    assert.deepEqual(item?.data, { nested: [1, { two: 2 }] });
    const [span] = item?.spans ?? [];
    assert.ok(span !== undefined);
    const view = worker.holdSpan(span);
    assert.equal(Buffer.from(view ?? []).toString(), "bytes 1");
    worker.releaseSpan(span);
  }
  assert.equal(format.opened, 1);
  await assert.rejects(async () => pair.owner.shelf("one", "elsewhere"), { code: "not-found" });
  await assert.rejects(async () => pair.other.shelf("one", "elsewhere"), { code: "not-found" });
});

test("followers hear what is there and what changes, in either worker, until the shelf closes", async (t) => {
  const format = makeFormat();
  const pair = await startPair(t, [published("one")], [protocolOf(format)]);
  const heard: string[][] = [[], []];
  const follow = (worker: number) => (changes: readonly ShelfChange[]) => {
    for (const { key, item } of changes) heard[worker]?.push(`${item === undefined ? "-" : "+"}${key}`);
  };
  const remote = await pair.other.shelf("one", "papers");
  remote.follow(follow(0));
  (await pair.owner.shelf("one", "papers")).follow(follow(1));
  format.writer?.update([
    { key: "first", item: undefined },
    { key: "second", item: { type: "text/plain", text: "2" } },
  ]);
  await eventually(() => heard.every((each) => each.join() === "+first,-first,+second"));
  await pair.supervisor.stop();
  assert.equal(remote.closed, true);
  assert.equal(format.disposed, 1);
});

function makeShelves(format: PackagedShelf) {
  let nowNs = 0;
  const made: ShelfWriter[] = [];
  const host = { name: "one", log: SILENT, store: () => [] } as unknown as StreamHost;
  const shelves = new PackagedShelves({
    protocols: [protocolOf(format)],
    host,
    nowNs: () => nowNs,
    onShelf: (_name, shelf) => void made.push(shelf),
  });
  const closed = (): boolean[] => made.map((shelf) => shelf.local.closed);
  const wait = (seconds: number): void => {
    for (let i = 0; i < seconds; i++) {
      nowNs += 1e9;
      shelves.tick();
    }
  };
  return { shelves, closed, wait };
}

test("a shelf that nobody asks for any more is closed, and opened anew for the next", () => {
  const format = makeFormat();
  const { shelves, closed, wait } = makeShelves(format);
  shelves.want("papers");
  wait(50);
  shelves.want("papers");
  wait(50);
  assert.deepEqual([format.opened, format.disposed, ...closed()], [1, 0, false]);
  wait(12);
  assert.deepEqual([format.disposed, ...closed()], [1, true]);
  shelves.want("papers");
  shelves.want("elsewhere");
  assert.equal(format.opened, 2);
  const other = shelves.shelf("other");
  shelves.endOnDemand();
  assert.deepEqual([format.disposed, other.local.closed], [2, false]);
  shelves.close();
  assert.equal(other.local.closed, true);
});

test("a shelf whose packaging fails is closed and refused, and the next one who asks may try again", () => {
  const format = makeFormat();
  let broken = true;
  const open: PackagedShelf["open"] = (host, writer) => {
    if (broken) throw new Error("no video");
    return format.open(host, writer);
  };
  const { shelves, closed } = makeShelves({ shelf: "papers", open });
  assert.throws(() => shelves.want("papers"), {
    code: "unavailable",
    message: 'the shelf "papers" cannot be made: no video',
  });
  assert.deepEqual(closed(), [true]);
  broken = false;
  shelves.want("papers");
  assert.equal(format.opened, 1);
});
