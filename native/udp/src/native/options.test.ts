import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import {
  insideOf,
  ip,
  makeNamespace,
  removeNamespace,
  whyNoNetworks,
} from "../../../../tests/netem/kit/namespaces.ts";
import { ADDRESS_WORDS, writeAddress } from "../ip.ts";
import * as linux from "../linux.ts";
import { Sockets, whyNoAddon } from "../testing/implementations.ts";
import { Inbox, text } from "../testing/inbox.ts";

test("a request for a group lies as Linux has it (RFC 3678 §5)", () => {
  const words = (address: string): Int32Array => {
    const made = new Int32Array(ADDRESS_WORDS);
    writeAddress(made, 0, address);
    return made;
  };
  const four = linux.groupRequest(7, words("239.1.2.3"), words("10.0.0.1"));
  assert.equal(four.length, 264);
  assert.deepEqual([...four.subarray(0, 16)], [7, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 239, 1, 2, 3]);
  assert.deepEqual([...four.subarray(136, 144)], [2, 0, 0, 0, 10, 0, 0, 1]);
  const six = linux.groupRequest(0x0102, words("ff15::1"), undefined);
  assert.equal(six.length, 136);
  assert.deepEqual([...six.subarray(0, 18)], [2, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x15]);
  assert.equal(six[31], 1);
});

describe("options", { skip: whyNoAddon() ?? false }, () => {
  test("hops, traffic class and device are taken, by sockets of both families", async () => {
    await using sockets = new Sockets("native");
    const socket = await sockets.open({ ttl: 9, trafficClass: 0xb8, device: "lo" });
    socket.send(text("x"), socket.local);
    await sockets.open({ family: 6, local: { port: 0 }, ttl: 9, trafficClass: 0xb8 });
    await sockets.open({ family: 6, ipv6Only: true, ttl: 9, trafficClass: 0xb8 });
    await assert.rejects(sockets.open({ ttl: 256 }), { code: "EINVAL", message: /IP_TTL 256/ });
    await assert.rejects(sockets.open({ device: "none0" }), { code: "ENODEV", message: /none0/ });
  });

  test("a socket that sends into one device gets its own back from there only", async () => {
    await using sockets = new Sockets("native");
    const to = await sockets.open({ local: { port: 0 }, device: "lo" });
    const from = await sockets.open();
    const inbox = new Inbox(to);
    from.send(text("over lo"), from.peer("127.0.0.1", to.local.port));
    assert.deepEqual(await inbox.texts(1), ["over lo"]);
  });
});

describe("a path with a small MTU", { skip: whyNoNetworks() ?? whyNoAddon() ?? false }, () => {
  test("datagrams longer than it go one by one, in fragments", () => {
    const name = makeNamespace("udp-mtu");
    try {
      ip("-n", name, "link", "set", "lo", "mtu", "1280");
      const child = new URL("../testing/mtu-child.ts", import.meta.url).pathname;
      const [command, words] = insideOf(name, process.execPath, [child]);
      const { stdout, stderr } = spawnSync(command, words, { encoding: "utf8", timeout: 20_000 });
      assert.equal(stderr, "");
      assert.equal(stdout, "long 100 segmented 0 errors 0\nshort 100 segmented 2 errors 0\n");
    } finally {
      removeNamespace(name);
    }
  });
});
