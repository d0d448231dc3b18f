import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch, type Span } from "@millrace/engine";
import { FakeLane } from "./testing/fake-lane.ts";

/** A batch of all that a lane holds. */
function batchOf(lane: FakeLane): Batch {
  const reader = lane.read(0);
  const batch = new Batch(reader);
  while (reader.next()) batch.add();
  return batch;
}

test("chunks side by side are one view of the lane's own memory, held once", () => {
  const lane = new FakeLane();
  for (const length of [100, 1, 300]) lane.put(length);
  const batch = batchOf(lane);
  assert.equal(batch.bytes, 401);
  assert.deepEqual(new Uint8Array(batch.view), new Uint8Array(lane.written));
  assert.equal(
    batch.view.buffer,
    lane.view({ arena: 1, slab: 0, generation: 1, offset: 0, length: 1 }).buffer,
  );
  assert.deepEqual(lane.holds, [1]);
  batch.use();
  batch.done();
  assert.equal(lane.held, 1, "a write still needs it");
  batch.done();
  assert.equal(lane.held, 0);
});

test("where a slab ends in the middle there is one copy, and nothing is held any more", () => {
  const lane = new FakeLane();
  for (const length of [600, 300, 500, 500, 700]) lane.put(length);
  const batch = batchOf(lane);
  assert.deepEqual(lane.holds, [1, 1, 1]);
  batch.use();
  assert.deepEqual(new Uint8Array(batch.view), new Uint8Array(lane.written));
  assert.equal(batch.view, batch.view);
  assert.equal(lane.held, 0);
  batch.done();
  batch.done();
  assert.equal(lane.held, 0, "given back once only");
});

test("a batch that nobody asks for gives back all that it held", () => {
  const lane = new FakeLane();
  for (const length of [600, 600, 600]) lane.put(length);
  const batch = batchOf(lane);
  assert.equal(lane.held, 3);
  batch.done();
  assert.equal(lane.held, 0);
});

test("what is gone already is left out", () => {
  const lane = new FakeLane();
  for (const length of [600, 600, 600]) lane.put(length);
  lane.gone.add(1);
  const batch = batchOf(lane);
  assert.equal(batch.bytes, 1200);
  assert.equal(batch.view.length, 1200);
  batch.done();
  assert.equal(lane.held, 0);
});

test("chunks on either side of a gap are not taken for neighbours", () => {
  const lane = new FakeLane();
  for (const length of [100, 200, 300, 600, 600, 100]) lane.put(length);
  const wanted = [0, 2, 5];
  const reader = lane.read(0);
  const batch = new Batch(reader);
  for (const seq of wanted) {
    reader.seek(seq);
    assert.ok(reader.next());
    batch.add();
  }
  const parts = wanted.map((seq) => lane.view((lane.entry(seq) as { span: Span }).span));
  assert.deepEqual(new Uint8Array(batch.view), new Uint8Array(Buffer.concat(parts)));
  batch.done();
  assert.equal(lane.held, 0);
});
