import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { UdpError } from "./errors.ts";
import { UdpSlice } from "./socket.ts";
import { IMPLEMENTATIONS, Sockets, skipOf } from "./testing/implementations.ts";
import { Inbox, numbered, text } from "./testing/inbox.ts";

for (const implementation of IMPLEMENTATIONS)
  describe(implementation, { skip: skipOf(implementation) }, () => {
    for (const [host, family] of [
      ["127.0.0.1", 4],
      ["::1", 6],
    ] as const)
      test(`datagrams go there and back on ${host}`, async () => {
        await using sockets = new Sockets(implementation);
        const a = await sockets.open({ family });
        const b = await sockets.open({ family });
        assert.equal(a.implementation, implementation);
        assert.deepEqual([a.local.address, a.local.family, a.remote], [host, family, undefined]);
        const atB = new Inbox(b);
        const atA = new Inbox(a);
        assert.equal(a.queue(text("one"), a.peer(host, b.local.port)), true);
        a.queue(text("two"), a.peer(host, b.local.port));
        assert.equal(a.queued, 2);
        a.flush();
        assert.deepEqual(await atB.texts(2), ["one", "two"]);
        const [source] = atB.sources;
        assert.deepEqual([source?.address, source?.port], [host, a.local.port]);
        assert.equal(atB.sources[1], source, "the same object for the same sender");
        b.send(text("back"), source);
        assert.deepEqual(await atA.texts(1), ["back"]);
        assert.equal(a.queued, 0);
      });

    test("of longer memory only the beginning is sent", async () => {
      await using sockets = new Sockets(implementation);
      const [a, b] = [await sockets.open(), await sockets.open()];
      const inbox = new Inbox(b);
      const to = a.peer("127.0.0.1", b.local.port);
      const memory = text("abcdef");
      for (const length of [3, 6, 1]) a.queue(memory, to, length);
      memory.fill(0);
      a.flush();
      assert.deepEqual(await inbox.texts(3), ["abc", "abcdef", "a"]);
      for (const length of [-1, 7]) assert.throws(() => a.queue(memory, to, length), { code: "EINVAL" });
      assert.equal(a.queued, 0);
    });

    test("an IPv6 socket on any address hears IPv4 and answers it, under its plain address", async () => {
      await using sockets = new Sockets(implementation);
      const both = await sockets.open({ family: 6, local: { port: 0 } });
      const four = await sockets.open();
      const atBoth = new Inbox(both);
      const atFour = new Inbox(four);
      four.send(text("hello"), four.peer("127.0.0.1", both.local.port));
      await atBoth.until(1);
      assert.equal(atBoth.sources[0]?.address, "127.0.0.1");
      both.send(text("answer"), atBoth.sources[0]);
      both.send(text("again"), both.peer("::ffff:127.0.0.1", four.local.port));
      assert.deepEqual(await atFour.texts(2), ["answer", "again"]);
    });

    test("one with ipv6Only leaves the port to IPv4", async () => {
      await using sockets = new Sockets(implementation);
      const six = await sockets.open({ family: 6, local: { port: 0 }, ipv6Only: true });
      await sockets.open({ local: { host: "0.0.0.0", port: six.local.port } });
    });

    test("with a remote no address is needed, and only that one is heard", async () => {
      await using sockets = new Sockets(implementation);
      const server = await sockets.open();
      const stranger = await sockets.open();
      const client = await sockets.open({ remote: { host: "localhost", port: server.local.port } });
      assert.deepEqual([client.remote?.address, client.remote?.port], ["127.0.0.1", server.local.port]);
      const atServer = new Inbox(server);
      const atClient = new Inbox(client);
      client.send(text("hello"));
      await atServer.until(1);
      stranger.send(text("nothing for you"), stranger.peer("127.0.0.1", client.local.port));
      server.send(text("answer"), atServer.sources[0]);
      assert.deepEqual(await atClient.texts(1), ["answer"]);
    });

    test("a remote where nobody listens is an error that is told, and the socket goes on", async () => {
      await using sockets = new Sockets(implementation);
      const gone = await sockets.open();
      const { port } = gone.local;
      await gone.close();
      const client = await sockets.open({ remote: { host: "127.0.0.1", port } });
      const error = await new Promise<UdpError>((resolve) => {
        client.onError = resolve;
        client.send(text("anybody?"));
      });
      assert.equal(error.code, "ECONNREFUSED");
      const { receiveErrors, sendErrors } = client.stats();
      assert.equal(receiveErrors + sendErrors, 1);
      const back = await sockets.open({ local: { host: "127.0.0.1", port } });
      const inbox = new Inbox(back);
      client.send(text("now"));
      assert.deepEqual(await inbox.texts(1), ["now"]);
    });

    test("empty datagrams and the longest ones arrive", async () => {
      await using sockets = new Sockets(implementation);
      const a = await sockets.open({ sendBufferBytes: 2 ** 20 });
      const b = await sockets.open({ receiveBufferBytes: 2 ** 20 });
      const inbox = new Inbox(b);
      const to = a.peer("127.0.0.1", b.local.port);
      const lengths = [0, 65_507, 0, 0, 1, 65_507, 1316, 0];
      for (const length of lengths) a.queue(numbered(length, length), to);
      a.flush();
      await inbox.until(lengths.length);
      assert.deepEqual(
        inbox.packets,
        lengths.map((length) => numbered(length, length)),
      );
    });

    test("what is longer than UDP allows is refused, and counted", async () => {
      await using sockets = new Sockets(implementation);
      const a = await sockets.open();
      const b = await sockets.open();
      const inbox = new Inbox(b);
      const to = a.peer("127.0.0.1", b.local.port);
      const errors: string[] = [];
      const told = new Promise<void>((resolve) => {
        a.onError = ({ code }) => {
          errors.push(code);
          resolve();
        };
      });
      a.queue(new Uint8Array(65_508), to);
      a.queue(text("after"), to);
      a.flush();
      assert.deepEqual(await inbox.texts(1), ["after"]);
      await told;
      assert.deepEqual(errors, ["EMSGSIZE"]);
      assert.equal(a.stats().sendErrors, 1);
      assert.throws(() => a.queue(new Uint8Array(65_536), to), { code: "EMSGSIZE" });
      const slice = new UdpSlice(new Uint8Array(65_535)).at(0, 65_535);
      assert.throws(() => a.queueSlice(slice, to, text("x")), { code: "EMSGSIZE" });
    });

    test("slices go with and without head; after flush the memory is free", async () => {
      await using sockets = new Sockets(implementation);
      const a = await sockets.open();
      const b = await sockets.open();
      const inbox = new Inbox(b);
      const to = a.peer("127.0.0.1", b.local.port);
      for (const memory of [new Uint8Array(64), new Uint8Array(new SharedArrayBuffer(64))]) {
        memory.set(text("..payload.."));
        const slice = new UdpSlice(memory);
        const head = text("head:");
        a.queueSlice(slice.at(2, 7), to, head);
        head.fill(0);
        a.queueSlice(slice.at(2, 3), to);
        a.queueSlice(slice.at(0, 0), to, text("only a head"));
        a.flush();
        memory.fill(0);
      }
      const expected = ["head:payload", "pay", "only a head"];
      assert.deepEqual(await inbox.texts(6), [...expected, ...expected]);
      const wrong = new UdpSlice(new Uint8Array(4));
      for (const [offset, length] of [
        [0, 5],
        [-1, 2],
        [4, 1],
        [2, -1],
      ] as const)
        assert.throws(() => a.queueSlice(wrong.at(offset, length), to), { code: "EINVAL" });
    });

    test("slices of more memories than fit in one batch go too", async () => {
      await using sockets = new Sockets(implementation);
      const a = await sockets.open();
      const b = await sockets.open();
      const inbox = new Inbox(b);
      const to = a.peer("127.0.0.1", b.local.port);
      const slices = Array.from({ length: 50 }, (_, i) => new UdpSlice(numbered(i, 40)).at(0, 40));
      for (const slice of slices) a.queueSlice(slice, to);
      a.flush();
      await inbox.until(50);
      assert.deepEqual(
        inbox.packets,
        slices.map((slice) => slice.memory),
      );
    });

    test("10,000 datagrams of many lengths all come, in order", async () => {
      await using sockets = new Sockets(implementation);
      const a = await sockets.open();
      const b = await sockets.open({ receiveBufferBytes: 2 ** 21 });
      const inbox = new Inbox(b);
      const to = a.peer("127.0.0.1", b.local.port);
      const lengthOf = (i: number): number => (i % 97 < 60 ? 1316 : 4 + ((i * 7919) % 1400));
      for (let sent = 0; sent < 10_000; ) {
        for (let i = 0; i < 100; i++, sent++) a.queue(numbered(sent, lengthOf(sent)), to);
        a.flush();
        // No more under way than the socket has room for: nothing here may be lost.
        await inbox.until(sent);
      }
      for (const [i, bytes] of inbox.packets.entries())
        assert.deepEqual(bytes, numbered(i, lengthOf(i)), `datagram ${i}`);
      assert.equal(inbox.packets.length, 10_000);
      assert.equal(a.stats().sendErrors, 0);
    });

    test("one payload goes to many peers, each with a head of its own", async () => {
      await using sockets = new Sockets(implementation);
      const from = await sockets.open();
      const all = await Promise.all(Array.from({ length: 20 }, () => sockets.open()));
      const inboxes = all.map((socket) => new Inbox(socket));
      const peers = all.map((socket) => from.peer("127.0.0.1", socket.local.port));
      const slice = new UdpSlice(text("the same for all"));
      const head = new Uint8Array(2);
      for (let round = 0; round < 30; round++)
        peers.forEach((peer, i) => {
          head.set([i, round]);
          from.queueSlice(slice.at(0, slice.memory.length), peer, head);
        });
      from.flush();
      await Promise.all(inboxes.map((inbox) => inbox.until(30)));
      for (const [i, inbox] of inboxes.entries())
        for (const [round, bytes] of inbox.packets.entries()) {
          assert.deepEqual([...bytes.subarray(0, 2)], [i, round]);
          assert.deepEqual(bytes.subarray(2), slice.memory);
        }
    });

    test("senders are told apart by peer and by key; arrival is on the given clock", async () => {
      await using sockets = new Sockets(implementation);
      const clock = { nowNs: () => 5e12 };
      const to = await sockets.open({ clock });
      const [a, b] = [await sockets.open(), await sockets.open()];
      const peerA = to.peer("127.0.0.1", a.local.port);
      const seen: { fromA: boolean; key: number; arrivalNs: number }[] = [];
      const all = new Promise<void>((resolve) => {
        to.onPackets = (batch) => {
          for (let i = 0; i < batch.count; i++)
            seen.push({
              fromA: batch.isFrom(i, peerA),
              key: batch.sourceKey(i),
              arrivalNs: batch.arrivalNs(i),
            });
          if (seen.length === 4) resolve();
        };
      });
      for (const socket of [a, b, a, b]) socket.send(text("x"), socket.peer("127.0.0.1", to.local.port));
      await all;
      assert.deepEqual(
        seen.map((it) => it.fromA),
        [true, false, true, false],
      );
      assert.equal(seen[0]?.key, seen[2]?.key);
      assert.equal(seen[1]?.key, seen[3]?.key);
      assert.notEqual(seen[0]?.key, seen[1]?.key);
      for (const { arrivalNs } of seen) assert.ok(arrivalNs <= 5e12 && arrivalNs > 5e12 - 10e9);
    });
  });
