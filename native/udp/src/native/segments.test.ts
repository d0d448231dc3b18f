import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { UdpSlice } from "../socket.ts";
import { Sockets, whyNoAddon } from "../testing/implementations.ts";
import { Inbox, numbered, text } from "../testing/inbox.ts";

const SIZES: readonly (readonly [name: string, lengths: readonly number[], segmented: boolean])[] = [
  ["equal ones", new Array<number>(120).fill(1316), true],
  ["tiny ones", new Array<number>(250).fill(1), true],
  [
    "a shorter one ends each run",
    [...new Array<number>(7).fill(188), 40, ...new Array<number>(7).fill(188), 40],
    true,
  ],
  ["a longer one begins a run", [100, 200, 200, 200, 300, 300], true],
  ["ever longer ones", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], false],
  ["ever shorter ones", [60_000, 9000, 1400, 1399, 5, 4, 1], true],
  ["empty ones between", [500, 0, 500, 500, 0, 0, 500], true],
  ["more than a message holds", new Array<number>(15).fill(9000), true],
];

describe("segments", { skip: whyNoAddon() ?? false }, () => {
  for (const [name, lengths, segmented] of SIZES)
    for (const coalesce of [true, false])
      for (const segment of [true, false])
        test(`${name}${coalesce ? ", coalesced" : ""}${segment ? ", segmented" : ""}`, async () => {
          await using sockets = new Sockets("native");
          const a = await sockets.open({ segment, sendBufferBytes: 2 ** 22 });
          const b = await sockets.open({ coalesce, receiveBufferBytes: 2 ** 22 });
          const inbox = new Inbox(b);
          const to = a.peer("127.0.0.1", b.local.port);
          const packets = lengths.map((length, i) => numbered(i, length));
          for (const packet of packets) a.queue(packet, to);
          a.flush();
          await inbox.until(packets.length);
          assert.deepEqual(inbox.packets, packets);
          assert.equal((a.stats().segmented ?? 0) > 0, segment && segmented);
          if (!coalesce || !segment || !segmented) assert.equal(b.stats().coalesced, 0);
        });

  test("what was segmented is received in one piece", async () => {
    await using sockets = new Sockets("native");
    const a = await sockets.open();
    const b = await sockets.open();
    const inbox = new Inbox(b);
    const to = a.peer("127.0.0.1", b.local.port);
    for (let i = 0; i < 40; i++) a.queue(numbered(i, 1316), to);
    a.flush();
    await inbox.until(40);
    assert.deepEqual([a.stats().sendCalls, a.stats().segmented], [1, 1]);
    assert.deepEqual([b.stats().receiveCalls, b.stats().coalesced], [1, 1]);
  });

  test("peers that take turns get messages of their own, in one call", async () => {
    await using sockets = new Sockets("native");
    const a = await sockets.open();
    const [b, c] = [await sockets.open(), await sockets.open()];
    const inboxes = [new Inbox(b), new Inbox(c)];
    const peers = [a.peer("127.0.0.1", b.local.port), a.peer("127.0.0.1", c.local.port)];
    for (let i = 0; i < 40; i++) a.queue(numbered(i, 700), peers[i % 2]);
    a.flush();
    for (const [which, inbox] of inboxes.entries()) {
      await inbox.until(20);
      assert.deepEqual(
        inbox.packets,
        Array.from({ length: 20 }, (_, i) => numbered(2 * i + which, 700)),
      );
    }
    assert.deepEqual([a.stats().sendCalls, a.stats().segmented], [1, 0]);
  });

  test("receive() reads at once, but not during onPackets", async () => {
    await using sockets = new Sockets("native");
    const a = await sockets.open();
    const b = await sockets.open();
    let came = 0;
    let inside: boolean | undefined;
    b.onPackets = (batch) => {
      came += batch.count;
      inside = b.receive();
    };
    for (let i = 0; i < 100; i++) a.send(text(`${i}`), a.peer("127.0.0.1", b.local.port));
    assert.equal(b.receive(), true);
    assert.deepEqual([came, inside], [100, false]);
    a.send(text("x"), a.peer("127.0.0.1", b.local.port));
    b.onPackets = () => {
      throw new Error("thrown in onPackets");
    };
    assert.throws(() => b.receive(), /thrown in onPackets/);
    assert.equal(b.receive(), true, "it goes on");
  });

  test("what the kernel threw away is counted", async () => {
    await using sockets = new Sockets("native");
    const a = await sockets.open();
    const b = await sockets.open({ receiveBufferBytes: 4096 });
    let came = 0;
    b.onPackets = (batch) => (came += batch.count);
    for (let i = 0; i < 500; i++) a.queue(numbered(i, 10 + i), a.peer("127.0.0.1", b.local.port));
    a.flush();
    while (b.receive() && came === 0);
    assert.ok(came > 0 && came < 500);
    assert.equal(b.stats().kernelDrops, 500 - came);
  });

  test("memory that was taken away meanwhile is an error, not a crash", async () => {
    await using sockets = new Sockets("native");
    const a = await sockets.open();
    const b = await sockets.open();
    const inbox = new Inbox(b);
    const to = a.peer("127.0.0.1", b.local.port);
    const slice = new UdpSlice(new Uint8Array(1000)).at(0, 1000);
    const codes: string[] = [];
    a.onError = ({ code }) => codes.push(code);
    a.queueSlice(slice, to);
    a.queueSlice(slice, to);
    a.queue(text("after"), to);
    structuredClone(slice.memory.buffer, { transfer: [slice.memory.buffer as ArrayBuffer] });
    a.flush();
    assert.deepEqual(await inbox.texts(1), ["after"]);
    assert.deepEqual(codes, ["EFAULT"]);
    assert.equal(a.stats().sendErrors, 2);
  });

  test("arrival is when the kernel had it, not when it was read", async () => {
    await using sockets = new Sockets("native");
    const a = await sockets.open();
    const b = await sockets.open({ clock: { nowNs: () => 1e12 } });
    let ageNs = 0;
    b.onPackets = (batch) => {
      ageNs = 1e12 - batch.arrivalNs(0);
    };
    // The kernel begins to take the time a while after the first socket asked for it.
    while (ageNs < 19e6) {
      a.send(text("x"), a.peer("127.0.0.1", b.local.port));
      // It lies in the socket's buffer for a while; the event loop must not fetch it before.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      assert.equal(b.receive(), true);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(ageNs < 10e9, `${ageNs} ns`);
  });
});
