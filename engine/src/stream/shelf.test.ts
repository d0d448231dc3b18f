import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ShelfWriter } from "./shelf.ts";

/** A shelf, and the names of those who were woken, in order. */
function setUp(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let nowMs = 0;
  t.mock.method(performance, "now", () => nowMs);
  const writer = new ShelfWriter();
  const woken: string[] = [];
  let looks = 0;
  const wait = (name: string, key: string, timeoutMs: number): void => {
    const isThere = (): boolean => {
      looks++;
      return writer.local.get(key) !== undefined;
    };
    void writer.local.until(isThere, timeoutMs).then(() => woken.push(name));
  };
  const pass = async (ms: number): Promise<string[]> => {
    nowMs += ms;
    t.mock.timers.tick(ms);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    return woken.splice(0);
  };
  return { writer, wait, pass, put: (key: string) => writer.put(key, { type: "" }), looks: () => looks };
}

test("who waits for a condition is woken by the change that meets it, all at once", async (t) => {
  const { wait, pass, put, looks } = setUp(t);
  wait("first", "a", 1000);
  wait("second", "b", 1000);
  wait("third", "a", 1000);
  assert.deepEqual(await pass(100), []);
  assert.equal(looks(), 3);
  put("c");
  assert.deepEqual(await pass(0), []);
  assert.equal(looks(), 6);
  put("a");
  assert.deepEqual(await pass(0), ["first", "third"]);
  wait("fourth", "a", 1000);
  assert.deepEqual(await pass(0), ["fourth"]);
  put("b");
  assert.deepEqual(await pass(0), ["second"]);
});

test("each waits as long as it may, whatever order they came in", async (t) => {
  const { wait, pass, put } = setUp(t);
  wait("long", "a", 500);
  wait("short", "a", 200);
  wait("middle", "a", 300);
  assert.deepEqual(await pass(199), []);
  assert.deepEqual(await pass(1), ["short"]);
  wait("late", "a", 250);
  assert.deepEqual(await pass(100), ["middle"]);
  put("b");
  assert.deepEqual(await pass(150), ["late"]);
  assert.deepEqual(await pass(50), ["long"]);
});

test("when the shelf closes nobody waits any more", async (t) => {
  const { writer, wait, pass } = setUp(t);
  wait("first", "a", 500);
  wait("second", "b", 700);
  writer.close();
  assert.deepEqual(await pass(0), ["first", "second"]);
  wait("third", "a", 500);
  assert.deepEqual(await pass(0), ["third"]);
});
