import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { MillraceError } from "@millrace/model";
import fc from "fast-check";
import { isMulticast, parseUdpUrl } from "./address.ts";
import { readInput, readPush } from "./config.ts";
import { interfaceName } from "./interfaces.ts";

const FORMS: readonly [url: string, host: string, rest: object][] = [
  ["udp://239.0.0.1:1234", "239.0.0.1", { multicast: true }],
  ["udp://239.0.0.1:1234?ttl=8&cbr=2200", "239.0.0.1", { multicast: true }],
  ["udp://239.0.0.1:1234/10.100.200.3", "239.0.0.1", { multicast: true, interface: "10.100.200.3" }],
  ["udp://239.0.0.1:1234/eth0?x=1", "239.0.0.1", { multicast: true, interface: "eth0" }],
  ["udp://@239.0.0.1:1234", "239.0.0.1", { multicast: true }],
  ["udp://10.1.1.1@239.0.0.1:1234", "239.0.0.1", { multicast: true, source: "10.1.1.1" }],
  [
    "rtp://10.1.1.1@232.1.1.1:1234/eth1",
    "232.1.1.1",
    { multicast: true, source: "10.1.1.1", interface: "eth1" },
  ],
  ["udp://192.168.0.1:1234", "192.168.0.1", { multicast: false }],
  ["udp://:1234", "0.0.0.0", { multicast: false }],
  ["udp://@:1234", "0.0.0.0", { multicast: false }],
  ["udp://*:1234/", "0.0.0.0", { multicast: false }],
  ["udp://receiver.example.com:1234", "receiver.example.com", { multicast: false }],
  ["udp://[::]:1234", "::", { multicast: false, family: 6 }],
  ["udp://[ff15::1]:1234/eth0", "ff15::1", { multicast: true, family: 6, interface: "eth0" }],
  ["udp://[fd00::1]@[ff35::1]:1234", "ff35::1", { multicast: true, family: 6, source: "fd00::1" }],
];

suite("udp addresses", () => {
  for (const [url, host, rest] of FORMS) {
    test(url, () => assert.deepEqual(parseUdpUrl(url), { host, port: 1234, family: 4, ...rest }));
  }

  test("options say the same as the URL", () => {
    const options = { source: "10.1.1.1", interface: "eth1" };
    const input = { url: "udp://239.0.0.1:1234", scheme: "udp", priority: 1, sourceTimeoutMs: 1, options };
    const { address } = readInput(input);
    assert.deepEqual(address, parseUdpUrl("udp://10.1.1.1@239.0.0.1:1234/eth1"));
  });

  test("a push needs somewhere to go, and whole packets", () => {
    const push =
      (url: string, options = {}) =>
      () =>
        readPush({ url, scheme: "udp", options });
    for (const bad of [
      push("udp://:1234"),
      push("udp://10.0.0.1@239.0.0.1:1234"),
      push("udp://239.0.0.1:1234", { pkt_size: 1000 }),
      push("udp://239.0.0.1:1234", { ttl: 256 }),
      push("udp://239.0.0.1:1234", { bind: "here" }),
    ]) {
      assert.throws(bad, { code: "bad-url" });
    }
    assert.deepEqual(push("udp://239.0.0.1:1234", { bind: "10.0.0.2:5000" })().bind, {
      host: "10.0.0.2",
      port: 5000,
    });
    assert.deepEqual(push("udp://239.0.0.1:1234", { bind: "5000" })().bind, { port: 5000 });
  });

  test("any text is read or refused with bad-url", () => {
    const part = fc.stringMatching(/^[\w.:@/[\]?%=-]{0,24}$/);
    fc.assert(
      fc.property(part, (text) => {
        try {
          const { port, family } = parseUdpUrl(`udp://${text}`);
          assert.ok(port > 0 && port < 65536 && (family === 4 || family === 6));
        } catch (error) {
          assert.ok(error instanceof MillraceError && error.code === "bad-url", String(error));
        }
      }),
    );
  });

  test("groups", () => {
    const yes = ["224.0.0.1", "239.255.255.255", "ff02::1", "FF15::8000:1"];
    const no = ["223.255.255.255", "240.0.0.1", "10.0.0.1", "fe80::1", "::1", "host.example"];
    assert.deepEqual(yes.filter(isMulticast), yes);
    assert.deepEqual(no.filter(isMulticast), []);
  });

  test("interfaces by name and by address", () => {
    const base = { netmask: "", mac: "", internal: false, cidr: null };
    const eth0 = [
      { ...base, family: "IPv4" as const, address: "10.0.0.3" },
      { ...base, family: "IPv6" as const, address: "fd00::3", scopeid: 0 },
    ];
    const interfaces = { lo: [{ ...base, family: "IPv4" as const, address: "127.0.0.1" }], eth0 };
    for (const wanted of ["eth0", "10.0.0.3", "fd00::3"])
      assert.equal(interfaceName(wanted, interfaces), "eth0");
    // Whether there is one of that name only the system knows: those without addresses are not listed.
    assert.equal(interfaceName("eth9", interfaces), "eth9");
    assert.throws(() => interfaceName("10.0.0.4", interfaces), { code: "udp.no-interface" });
  });
});
