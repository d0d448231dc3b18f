import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { openUdp } from "./open.ts";
import type { UdpOptions } from "./options.ts";
import { IMPLEMENTATIONS, Sockets, skipOf } from "./testing/implementations.ts";
import { Inbox, text } from "./testing/inbox.ts";

/** 192.0.2.0/24 and 2001:db8::/32 are nobody's (RFC 5737, RFC 3849). */
const REFUSED: readonly (readonly [name: string, options: UdpOptions, code: string, words: RegExp])[] = [
  [
    "an address of another machine",
    { local: { host: "198.51.100.1", port: 0 } },
    "EADDRNOTAVAIL",
    /198\.51\.100\.1/,
  ],
  ["one of IPv6", { local: { host: "2001:db8::1", port: 0 } }, "EADDRNOTAVAIL", /2001:db8::1/],
  ["a port that is none", { local: { host: "127.0.0.1", port: 70_000 } }, "EINVAL", /70000/],
  ["a name that nobody has", { local: { host: "nobody.invalid", port: 0 } }, "", /nobody\.invalid/],
  ["a multicast interface that is not there", { multicast: { interface: "none0" } }, "ENODEV", /none0/],
  ["a zone that is not there", { local: { host: "fe80::1%none0", port: 0 } }, "ENODEV", /none0/],
];

for (const implementation of IMPLEMENTATIONS)
  describe(implementation, { skip: skipOf(implementation) }, () => {
    for (const [name, options, code, words] of REFUSED)
      test(`${name} is refused clearly`, async () => {
        await assert.rejects(openUdp({ ...options, implementation }), (error: Error & { code: string }) => {
          assert.equal(error.name, "UdpError");
          assert.match(error.message, words);
          if (code !== "") assert.equal(error.code, code);
          return true;
        });
      });

    test("a port in use is refused, unless all share it", async () => {
      await using sockets = new Sockets(implementation);
      const { port } = (await sockets.open()).local;
      const local = { host: "127.0.0.1", port };
      await assert.rejects(sockets.open({ local }), { code: "EADDRINUSE", syscall: "bind" });
      const shared = await sockets.open({ reusePort: true });
      await sockets.open({ reusePort: true, local: { host: "127.0.0.1", port: shared.local.port } });
      const reused = await sockets.open({ reuseAddress: true });
      await sockets.open({ reuseAddress: true, local: { host: "127.0.0.1", port: reused.local.port } });
    });

    test("a peer must be an address of the socket's family", async () => {
      await using sockets = new Sockets(implementation);
      const socket = await sockets.open();
      assert.throws(() => socket.peer("localhost", 1), { code: "EINVAL" });
      assert.throws(() => socket.peer("::1", 1), { code: "EAFNOSUPPORT" });
    });

    test("a datagram for nobody is an error that is told", async () => {
      await using sockets = new Sockets(implementation);
      const socket = await sockets.open();
      const code = await new Promise((resolve) => {
        socket.onError = (error) => resolve(error.code);
        socket.send(text("to whom?"));
      });
      assert.equal(code, "EDESTADDRREQ");
    });

    test("buffers have the size that was asked for, or what the system allows", async () => {
      await using sockets = new Sockets(implementation);
      const socket = await sockets.open({ receiveBufferBytes: 100_000, sendBufferBytes: 50_000 });
      assert.deepEqual([socket.receiveBufferBytes, socket.sendBufferBytes], [100_000, 50_000]);
    });

    test("what is queued leaves at close; then nothing is taken, and closing again is no error", async () => {
      await using sockets = new Sockets(implementation);
      const to = await sockets.open();
      const from = await sockets.open();
      const inbox = new Inbox(to);
      const peer = from.peer("127.0.0.1", to.local.port);
      from.queue(text("last words"), peer);
      const closed = from.close();
      assert.equal(from.queue(text("too late"), peer), false);
      assert.equal(from.send(text("too late"), peer), false);
      assert.equal(from.receive(), false);
      from.flush();
      from.unref();
      await Promise.all([closed, from.close()]);
      assert.deepEqual(await inbox.texts(1), ["last words"]);
    });

    test("a socket that is closed while it delivers delivers no more", async () => {
      await using sockets = new Sockets(implementation);
      const to = await sockets.open();
      const from = await sockets.open();
      let calls = 0;
      const closed = new Promise<void>((resolve) => {
        to.onPackets = () => {
          calls++;
          resolve(to.close());
        };
      });
      const peer = from.peer("127.0.0.1", to.local.port);
      for (let i = 0; i < 200; i++) from.queue(new Uint8Array(1 + i), peer);
      from.flush();
      await closed;
      assert.equal(calls, 1);
      const again = await sockets.open({ local: { host: "127.0.0.1", port: to.local.port } });
      assert.equal(again.local.port, to.local.port);
    });

    test("a hundred sockets, opened and closed, leave no descriptor behind", async () => {
      const count = (): number => readdirSync("/proc/self/fd").length;
      await (await openUdp({ implementation })).close();
      const before = count();
      for (let i = 0; i < 10; i++) {
        await using sockets = new Sockets(implementation);
        for (let j = 0; j < 10; j++) {
          const socket = await sockets.open();
          socket.send(text("to myself"), socket.local);
          await assert.rejects(sockets.open({ local: { host: "198.51.100.1", port: 0 } }));
        }
      }
      // The handles of sockets that could not be bound are closed by the loop.
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      assert.ok(count() <= before, `${before} before, ${count()} after`);
    });
  });
