import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, type TestContext, test } from "node:test";
import { until } from "../e2e/kit/server.ts";
import type { Impairments } from "./kit/impairment.ts";
import { namespaceFile } from "./kit/namespaces.ts";
import { Count, type Counted, Feed } from "./kit/numbered-line.ts";
import { canMakeNetworks, TwoNetworks } from "./kit/two-networks.ts";
import type { BothCounters } from "./kit/wire.ts";

const PORT = 7000;
const DATAGRAMS = 2000;
/** Slow enough for any machine that nothing but the wire loses packets. */
const BITS_PER_SECOND = 20_000_000;

interface Crossing {
  readonly counted: Counted;
  readonly counters: BothCounters;
}

/** Sends datagrams from left to right. Their number and the seed decide what is lost, not the time. */
async function cross(t: TestContext, impairments: Impairments): Promise<Crossing> {
  const networks = await TwoNetworks.start(t, { ...impairments, seed: 42 });
  const { left, right } = networks;
  const count = await Count.start(t, right, PORT, right.address);
  const feed = await Feed.start(t, left, {
    address: right.address,
    port: PORT,
    bitsPerSecond: BITS_PER_SECOND,
    datagrams: DATAGRAMS,
  });
  const fed = await feed.run();
  assert.deepEqual([fed.datagrams, fed.failed], [DATAGRAMS, 0]);
  const counters = await until("the wire to be empty", 10_000, async () => {
    const now = await networks.counters();
    return now.forward.packets >= DATAGRAMS && now.forward.underWay === 0 ? now : undefined;
  });
  const counted = await until("all datagrams", 5000, async () => {
    const now = await count.read();
    return now.datagrams === counters.forward.passed ? now : undefined;
  });
  assert.equal(counted.drops, 0);
  return { counted, counters };
}

/** 2000 decisions with this chance lie so near to it (4 standard deviations). */
function assertAbout(got: number, percent: number, of = DATAGRAMS): void {
  const part = percent / 100;
  const far = 4 * Math.sqrt(of * part * (1 - part));
  assert.ok(Math.abs(got - of * part) <= far, `${got} of ${of} is not about ${percent} %`);
}

describe("the wire between two networks", () => {
  test("passes everything in order when it is told nothing", async (t) => {
    if (!canMakeNetworks(t)) return;
    const { counted, counters } = await cross(t, {});
    assert.deepEqual([counted.unique, counted.duplicates, counted.reordered], [DATAGRAMS * 7, 0, 0]);
    const { packets, bytes, passed, passedBytes, lost, refused } = counters.forward;
    const wanted = DATAGRAMS * (7 * 188 + 28);
    assert.deepEqual([packets, passed, bytes, passedBytes], [DATAGRAMS, DATAGRAMS, wanted, wanted]);
    assert.deepEqual([lost, refused, counters.back.packets], [0, 0, 0]);
  });

  test("loses, the same packets with the same seed", async (t) => {
    if (!canMakeNetworks(t)) return;
    const first = await cross(t, { forward: { lossPercent: 10 } });
    const second = await cross(t, { both: { lossPercent: 10, delayMs: 5 } });
    assertAbout(first.counters.forward.lost, 10);
    assert.equal(first.counted.unique, (DATAGRAMS - first.counters.forward.lost) * 7);
    assert.deepEqual(first.counted.missing, second.counted.missing);
    assert.deepEqual([first.counted.duplicates, first.counted.reordered], [0, 0]);
  });

  test("loses in runs", async (t) => {
    if (!canMakeNetworks(t)) return;
    const { counted, counters } = await cross(t, { forward: { burst: { lossPercent: 10, packets: 5 } } });
    assert.equal(counted.unique, (DATAGRAMS - counters.forward.lost) * 7);
    const runs = counted.missing.map(([from, to]) => (to - from + 1) / 7);
    const mean = runs.reduce((sum, run) => sum + run, 0) / runs.length;
    assert.ok(mean > 3.5 && mean < 7, `runs of ${mean}`);
    assert.ok(counters.forward.lost > 100 && counters.forward.lost < 330, `${counters.forward.lost} lost`);
  });

  test("doubles", async (t) => {
    if (!canMakeNetworks(t)) return;
    const { counted, counters } = await cross(t, { forward: { duplicatePercent: 5 } });
    assertAbout(counters.forward.duplicated, 5);
    assert.equal(counted.unique, DATAGRAMS * 7);
    assert.equal(counted.duplicates, counters.forward.duplicated * 7);
  });

  test("lets some be overtaken", async (t) => {
    if (!canMakeNetworks(t)) return;
    const { counted, counters } = await cross(t, { forward: { reorderPercent: 5, reorderMs: 20 } });
    assertAbout(counters.forward.heldBack, 5);
    assert.equal(counted.unique, DATAGRAMS * 7);
    // What waits behind the last packet is overtaken by nothing.
    assert.ok(counted.reordered > 0 && counted.reordered <= counters.forward.heldBack * 7);
  });

  test("keeps order under jitter, unless it is told otherwise", async (t) => {
    if (!canMakeNetworks(t)) return;
    const jitter = { delayMs: 20, jitterMs: 15 };
    const ordered = await cross(t, { forward: jitter });
    assert.deepEqual([ordered.counted.unique, ordered.counted.reordered], [DATAGRAMS * 7, 0]);
    const loose = await cross(t, { forward: { ...jitter, jitterReorders: true } });
    assert.equal(loose.counted.unique, DATAGRAMS * 7);
    assert.ok(loose.counted.reordered > 7 * 500, `${loose.counted.reordered} reordered`);
  });

  test("drops what a bottleneck's queue has no room for", async (t) => {
    if (!canMakeNetworks(t)) return;
    const rate = { bitsPerSecond: BITS_PER_SECOND / 20, queuePackets: 20 };
    const { counted, counters } = await cross(t, { forward: rate });
    const { dropped, passed } = counters.forward;
    assert.equal(dropped + passed, DATAGRAMS);
    // A twentieth passes, if they come at their rate.
    assert.ok(dropped > DATAGRAMS / 2 && passed >= 20, `${dropped} dropped, ${passed} passed`);
    assert.equal(counted.reordered, 0);
  });
});

test("a round trip takes as long as it is told, and what a wire does can be changed", async (t) => {
  if (!canMakeNetworks(t)) return;
  const networks = await TwoNetworks.start(t, { both: { lossPercent: 100 } });
  const { left, right } = networks;
  const count = await Count.start(t, right, PORT, right.address);
  const send = async (datagrams: number): Promise<void> => {
    const to = { address: right.address, port: PORT, bitsPerSecond: BITS_PER_SECOND, datagrams };
    await (await Feed.start(t, left, to)).run();
  };
  await send(20);
  await until("loss", 5000, async () => (await networks.counters()).forward.lost === 20 || undefined);
  await networks.change({ forward: { delayMs: 150 }, back: {} });
  const startMs = performance.now();
  await send(1);
  await until("a datagram", 5000, async () => (await count.read()).datagrams === 1 || undefined);
  assert.ok(performance.now() - startMs >= 150);
});

test("namespaces and devices go with the test that made them", async (t) => {
  if (!canMakeNetworks(t)) return;
  const stops: (() => unknown)[] = [];
  const { left, right } = await TwoNetworks.start({ after: (stop) => stops.push(stop) });
  const files = [left, right].map(({ namespace }) => namespaceFile(namespace));
  assert.deepEqual(files.map(existsSync), [true, true]);
  for (const stop of stops) await stop();
  assert.deepEqual(files.map(existsSync), [false, false]);
});
