import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { describe, test } from "node:test";
import { systemZones } from "./interfaces.ts";
import type { UdpSocket } from "./socket.ts";
import { IMPLEMENTATIONS, Sockets, skipOf } from "./testing/implementations.ts";
import { Inbox, text } from "./testing/inbox.ts";

/** Every test has a group of its own, so that they do not hear each other (RFC 2365 §6.1: organization-local). */
let groups = 0;
const newGroup = (): string => `239.192.${process.pid % 250}.${++groups % 250}`;
const newGroup6 = (): string => `ff15::${(process.pid % 0xffff).toString(16)}:${(++groups).toString(16)}`;

const loopback = Object.entries(networkInterfaces()).find(([, all]) =>
  all?.some((it) => it.address === "127.0.0.1"),
);
const name = loopback?.[0] ?? "lo";
const index = systemZones.indexOf(name);
/** Linux routes no group of IPv6 over the loopback. */
const device6 = Object.entries(networkInterfaces()).find(([, all]) =>
  all?.some((it) => it.family === "IPv6" && !it.internal),
)?.[0];

interface Group {
  readonly from: UdpSocket;
  readonly to: UdpSocket;
  readonly inbox: Inbox;
  readonly send: (words: string) => void;
}

async function open(
  sockets: Sockets,
  group: string,
  more: { from?: string; interface?: string | number },
): Promise<Group> {
  const family = group.includes(":") ? 6 : 4;
  const to = await sockets.open({ family, local: { host: group, port: 0 } });
  const from = await sockets.open({
    family,
    local: { host: more.from ?? (family === 6 ? "::1" : "127.0.0.1"), port: 0 },
    multicast: { ttl: 3, loop: true, interface: more.interface ?? name },
  });
  const peer = from.peer(group, to.local.port);
  return { from, to, inbox: new Inbox(to), send: (words) => void from.send(text(words), peer) };
}

for (const implementation of IMPLEMENTATIONS)
  describe(implementation, { skip: skipOf(implementation) }, () => {
    for (const [by, device] of [
      ["name", name],
      ["index", index],
      ["address", "127.0.0.1"],
    ] as const)
      test(`a group is joined on an interface given by ${by}, and left`, async () => {
        await using sockets = new Sockets(implementation);
        const group = newGroup();
        const { to, inbox, send } = await open(sockets, group, { interface: device });
        to.addMembership({ group, interface: device });
        send("joined");
        assert.deepEqual(await inbox.texts(1), ["joined"]);
        assert.throws(() => to.addMembership({ group, interface: device }), { code: "EADDRINUSE" });
        to.dropMembership({ group, interface: device });
        send("left");
        to.addMembership({ group, interface: device });
        send("back");
        assert.deepEqual(await inbox.texts(2), ["joined", "back"]);
      });

    test("a group of IPv6 is joined by name", async (t) => {
      if (device6 === undefined) return t.skip("no network interface with IPv6 but the loopback");
      await using sockets = new Sockets(implementation);
      const group = newGroup6();
      const { to, inbox, send } = await open(sockets, group, { from: "::", interface: device6 });
      to.addMembership({ group, interface: device6 });
      send("six");
      assert.deepEqual(await inbox.texts(1), ["six"]);
      to.dropMembership({ group, interface: device6 });
    });

    test("with a source only that one is heard", async () => {
      await using sockets = new Sockets(implementation);
      const group = newGroup();
      const { to, inbox, send } = await open(sockets, group, { from: "127.0.0.2" });
      const other = await sockets.open({ multicast: { interface: name } });
      to.addMembership({ group, source: "127.0.0.2", interface: name });
      other.send(text("of somebody else"), other.peer(group, to.local.port));
      send("of the source");
      assert.deepEqual(await inbox.texts(1), ["of the source"]);
      assert.equal(inbox.sources[0]?.address, "127.0.0.2");
      to.dropMembership({ group, source: "127.0.0.2", interface: name });
    });

    test("two sockets receive one group on one port", async () => {
      await using sockets = new Sockets(implementation);
      const group = newGroup();
      const one = await sockets.open({ local: { host: group, port: 0 }, reuseAddress: true });
      const two = await sockets.open({ local: { host: group, port: one.local.port }, reuseAddress: true });
      const from = await sockets.open({ multicast: { interface: name } });
      const inboxes = [one, two].map((socket) => {
        socket.addMembership({ group, interface: name });
        return new Inbox(socket);
      });
      from.send(text("to both"), from.peer(group, one.local.port));
      for (const inbox of inboxes) assert.deepEqual(await inbox.texts(1), ["to both"]);
    });

    test("what is no group, interface or source is refused", async () => {
      await using sockets = new Sockets(implementation);
      const socket = await sockets.open({ local: { port: 0 } });
      const group = newGroup();
      const refused = [
        [{ group: "10.0.0.1", interface: name }, "EINVAL"],
        [{ group: "nobody", interface: name }, "EINVAL"],
        [{ group, interface: "none0" }, "ENODEV"],
        [{ group, interface: 4_000_000 }, "ENODEV"],
        [{ group, source: "nobody", interface: name }, "EINVAL"],
      ] as const;
      for (const [membership, code] of refused)
        assert.throws(() => socket.addMembership(membership), { name: "UdpError", code });
      assert.throws(() => socket.dropMembership({ group, interface: name }), { code: "EADDRNOTAVAIL" });
    });
  });
