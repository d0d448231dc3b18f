import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { afterEach, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Options } from "@millrace/model";
import {
  countedTs,
  eventually,
  freeUdpPort,
  TestWriter,
  testContext,
} from "../../../tests/contract/index.ts";
import { udp } from "./index.ts";
import { TestSender } from "./testing/datagrams.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function send(to: Parameters<typeof TestSender.open>[0]): Promise<TestSender> {
  const sender = await TestSender.open(to);
  cleanups.push(() => sender.close());
  return sender;
}

async function receive(url: string, options: Options = {}): Promise<{ into: TestWriter }> {
  const abort = new AbortController();
  const into = new TestWriter();
  const input = {
    url,
    scheme: url.slice(0, url.indexOf(":")),
    priority: 1,
    sourceTimeoutMs: 60_000,
    options,
  };
  const source = udp.pull?.(input, testContext());
  assert.ok(source !== undefined);
  const run = source.run(into, abort.signal);
  run.catch(() => undefined);
  const stop = (): Promise<void> => {
    abort.abort();
    return run;
  };
  cleanups.push(stop);
  await sleep(60);
  return { into };
}

suite("udp input", () => {
  test("RTP with 2 % loss, duplicates and swapped packets: all of it counted exactly", async () => {
    const port = await freeUdpPort();
    const { into } = await receive(`udp://127.0.0.1:${port}`, { reorder: 50 });
    const sender = await send({ host: "127.0.0.1", port, rtp: true });
    // Never the first or the last: what is lost there nobody can know.
    sender.drop = (n) => n > 0 && n < 499 && (n * 7919) % 50 === 3;
    const sent = countedTs(3500);
    await sender.send(sent);
    await into.until(sent.length - sender.dropped * 1316);
    assert.ok(sender.dropped >= 8, `${sender.dropped} dropped`);
    assert.deepEqual(into.counters, { lost: sender.dropped });
  });

  test("RTP out of order is put in order", async () => {
    const port = await freeUdpPort();
    const { into } = await receive(`rtp://127.0.0.1:${port}`);
    const sender = await send({ host: "127.0.0.1", port });
    const sent = countedTs(7 * 100);
    const swapped: Readonly<Record<number, number>> = { 5: 1, 6: -1 };
    const order = Array.from({ length: 100 }, (_, i) => i + (swapped[i % 10] ?? 0));
    for (const n of order) {
      const packet = new Uint8Array(12 + 1316);
      packet.set([0x80, 33, 0, n, 0, 0, 0, 0, 1, 2, 3, 4]);
      packet.set(sent.subarray(n * 1316, (n + 1) * 1316), 12);
      await sender.datagram(packet);
      if (n % 25 === 0) await sender.datagram(packet);
    }
    await into.until(sent.length);
    assert.deepEqual(into.bytes(), sent);
    assert.equal(into.counters["duplicate"], 4);
    assert.ok((into.counters["reordered"] as number) >= 9);
    assert.equal(into.counters["lost"], undefined);
  });

  test("a hole at the end of what comes does not hold it back for ever", async () => {
    const port = await freeUdpPort();
    const { into } = await receive(`rtp://127.0.0.1:${port}`, { reorder: 60 });
    const sender = await send({ host: "127.0.0.1", port, rtp: true });
    sender.drop = (n) => n === 8;
    await sender.send(countedTs(70));
    await into.until(9 * 1316);
    assert.deepEqual(into.counters, { lost: 1 });
  });

  test("streams on one port get their own group only", async () => {
    const port = await freeUdpPort();
    const groups = ["239.255.43.1", "239.255.43.2", "239.255.43.3"];
    const receivers = await Promise.all(groups.map((group) => receive(`udp://${group}:${port}/lo`)));
    const again = await receive(`udp://239.255.43.2:${port}/127.0.0.1`);
    const sent = groups.map((_, i) => countedTs(70, { from: 1000 * i }));
    for (const [i, host] of groups.entries()) {
      const sender = await send({ host, port });
      await sender.send(sent[i] as Uint8Array);
    }
    await Promise.all(receivers.map(({ into }) => into.until(70 * 188)));
    await sleep(30);
    for (const [i, { into }] of receivers.entries()) assert.deepEqual(into.bytes(), sent[i]);
    assert.deepEqual(again.into.bytes(), sent[1], "the same group twice");
  });

  test("datagrams of other senders are dropped and counted", async () => {
    for (const host of ["127.0.0.1", "239.255.44.1"]) {
      const port = await freeUdpPort();
      const { into } = await receive(`udp://127.0.0.5@${host}:${port}${host.startsWith("239") ? "/lo" : ""}`);
      const wanted = await send({ host, port, from: "127.0.0.5" });
      const other = await send({ host, port, from: "127.0.0.6" });
      await other.send(countedTs(70));
      await wanted.send(countedTs(70, { from: 500 }));
      await into.until(70 * 188);
      await sleep(20);
      assert.deepEqual(into.bytes(), countedTs(70, { from: 500 }));
      // A source-specific membership has the kernel drop the others already.
      if (host === "127.0.0.1") assert.equal(into.counters["otherSenders"], 10);
    }
  });

  test("IPv6, from a sender whose address is written in another way than the system's", async () => {
    const port = await freeUdpPort(6);
    const { into } = await receive(`udp://[0:0::0:1]@[::1]:${port}`);
    const sender = await send({ host: "::1", port });
    await sender.send(countedTs(70));
    await into.until(70 * 188);
    assert.equal(into.counters["otherSenders"], undefined);
  });

  test("an IPv6 group", async (t) => {
    const device = Object.entries(networkInterfaces()).find(([, addresses]) =>
      addresses?.some((it) => !it.internal && it.family === "IPv6"),
    )?.[0];
    if (device === undefined)
      return t.skip("no interface with IPv6 for multicast: this test proves nothing here");
    const port = await freeUdpPort(6);
    const { into } = await receive(`udp://[ff15::4d69:1]:${port}/${device}`);
    const sender = await send({ host: "ff15::4d69:1", port, device });
    await sender.send(countedTs(70));
    await into.until(70 * 188);
  });

  test("`rtp://` insists on RTP", async () => {
    const port = await freeUdpPort();
    const { into } = await receive(`rtp://127.0.0.1:${port}`);
    const sender = await send({ host: "127.0.0.1", port });
    await sender.send(countedTs(21));
    await eventually(() => into.counters["notRtp"] === 3);
    assert.equal(into.length, 0);
  });

  test("a program is taken out", async () => {
    const port = await freeUdpPort();
    const { into } = await receive(`udp://127.0.0.1:${port}`, { program: 1 });
    const sender = await send({ host: "127.0.0.1", port });
    await sender.send(countedTs(700));
    await eventually(() => into.length >= 570 * 188);
    await sleep(20);
    assert.equal(into.counters["filteredPackets"], 98);
  });
});
