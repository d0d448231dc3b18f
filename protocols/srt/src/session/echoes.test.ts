import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Echoes } from "./echoes.ts";

describe("echoes", () => {
  test("come out in the order in which they went in, and say when the first is due", () => {
    const echoes = new Echoes();
    assert.equal(echoes.nextUs, Number.POSITIVE_INFINITY);
    echoes.push(7, 4000);
    echoes.push(0x7fff_ffff, 8000);
    assert.equal(echoes.nextUs, 4000);
    assert.equal(echoes.shift(), 7);
    assert.equal(echoes.nextUs, 8000);
    assert.equal(echoes.shift(), 0x7fff_ffff);
    assert.equal(echoes.nextUs, Number.POSITIVE_INFINITY);
  });

  test("beyond 1024 that wait are dropped, the earlier ones kept", () => {
    const echoes = new Echoes();
    for (let i = 0; i < 2000; i++) echoes.push(i, i);
    for (let i = 0; i < 1024; i++) assert.equal(echoes.shift(), i);
    assert.equal(echoes.nextUs, Number.POSITIVE_INFINITY);
    echoes.push(5, 9);
    assert.equal(echoes.shift(), 5);
  });

  test("are a queue, whatever is done to them", () => {
    const step = fc.oneof(fc.constant(-1), fc.nat(0x7fff_ffff));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 3000, size: "max" }), (steps) => {
        const echoes = new Echoes();
        const model: number[] = [];
        for (const [at, sequence] of steps.entries()) {
          if (sequence >= 0) {
            echoes.push(sequence, at);
            if (model.length < 1024) model.push(sequence);
          } else if (model.length > 0) assert.equal(echoes.shift(), model.shift());
          assert.equal(echoes.nextUs === Number.POSITIVE_INFINITY, model.length === 0);
        }
      }),
      { numRuns: 20 },
    );
  });
});
