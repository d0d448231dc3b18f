import assert from "node:assert/strict";
import { isIPv4, SocketAddress } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { UdpError } from "./errors.ts";
import { ADDRESS_WORDS, readAddress, writeAddress } from "./ip.ts";
import { addressKey, makePeer, type Zones } from "./peer.ts";

const TABLE: readonly (readonly [text: string, words: readonly number[], shown: string])[] = [
  ["192.0.2.1", [4 << 16, 0xc000_0201 | 0, 0, 0, 0, 0], "192.0.2.1"],
  ["255.255.255.255", [4 << 16, -1, 0, 0, 0, 0], "255.255.255.255"],
  ["::ffff:192.0.2.1", [4 << 16, 0xc000_0201 | 0, 0, 0, 0, 0], "192.0.2.1"],
  ["::", [6 << 16, 0, 0, 0, 0, 0], "::"],
  ["::1", [6 << 16, 0, 0, 0, 1, 0], "::1"],
  ["2001:DB8::8:0:0:1", [6 << 16, 0x2001_0db8, 0, 0x8_0000, 1, 0], "2001:db8::8:0:0:1"],
  ["1:0:0:2::3:4", [6 << 16, 0x1_0000, 2, 0, 0x3_0004, 0], "1::2:0:0:3:4"],
  ["1:2:3:4:5:6:7:8", [6 << 16, 0x1_0002, 0x3_0004, 0x5_0006, 0x7_0008, 0], "1:2:3:4:5:6:7:8"],
  ["1:0:3:4:5:6:7:8", [6 << 16, 0x1_0000, 0x3_0004, 0x5_0006, 0x7_0008, 0], "1:0:3:4:5:6:7:8"],
  ["64:ff9b::192.0.2.33", [6 << 16, 0x64_ff9b, 0, 0, 0xc000_0221 | 0, 0], "64:ff9b::c000:221"],
  ["ff02::", [6 << 16, 0xff02_0000 | 0, 0, 0, 0, 0], "ff02::"],
];

test("addresses become words and text again", () => {
  for (const [text, words, shown] of TABLE) {
    const got = new Int32Array(ADDRESS_WORDS + 1).fill(77);
    assert.equal(writeAddress(got, 1, text), true, text);
    assert.deepEqual([...got], [77, ...words], text);
    assert.equal(readAddress(got, 1), shown, text);
  }
});

test("what is no address is refused", () => {
  for (const text of ["", "localhost", "1.2.3", "1.2.3.400", "::1::", "fe80::1%eth0", "1:2:3:4:5:6:7:8:9"])
    assert.equal(writeAddress(new Int32Array(ADDRESS_WORDS), 0, text), false, text);
});

test("any address is shown as the system shows it", () => {
  const group = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 0xffff }));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const text = groups.map((it) => it.toString(16)).join(":");
      const words = new Int32Array(ADDRESS_WORDS);
      assert.equal(writeAddress(words, 0, text), true);
      const shown = new SocketAddress({ address: text, family: "ipv6" }).address;
      const plain = shown.replace(/^::ffff:(?=\d+\.)/, "");
      assert.equal(readAddress(words, 0), isIPv4(plain) ? plain : shown);
    }),
  );
});

const zones: Zones = { indexOf: (name) => (name === "eth7" ? 7 : 0), nameOf: (index) => `eth${index}` };

test("peers know their address, port and zone, and themselves", () => {
  const peer = makePeer("fe80::1%eth7", 65_535, zones);
  assert.deepEqual([peer.address, peer.port, peer.family, peer.word5], ["fe80::1%eth7", 65_535, 6, 7]);
  const mapped = makePeer("::ffff:10.0.0.1", 1, zones);
  assert.deepEqual([mapped.address, mapped.family], ["10.0.0.1", 4]);
  const words = new Int32Array(ADDRESS_WORDS);
  writeAddress(words, 0, "10.0.0.1");
  words[0] = (words[0] as number) | 1;
  assert.equal(mapped.is(words, 0), true);
  assert.equal(mapped.is(words, 0) && peer.is(words, 0), false);
});

test("a peer without address, port or zone is refused with a code", () => {
  for (const [address, port, code] of [
    ["example.org", 1, "EINVAL"],
    ["10.0.0.1", 65_536, "EINVAL"],
    ["10.0.0.1", -1, "EINVAL"],
    ["10.0.0.1", 1.5, "EINVAL"],
    ["fe80::1%eth9", 1, "ENODEV"],
  ] as const) {
    assert.throws(
      () => makePeer(address, port, zones),
      (error) => error instanceof UdpError && error.code === code,
    );
  }
});

test("keys differ for the ports of one address and for addresses that follow each other", () => {
  const keys = new Set<number>();
  for (let i = 0; i < 10_000; i++) {
    keys.add(addressKey(Int32Array.of((4 << 16) | i, 0x0a00_0001, 0, 0, 0, 0), 0));
    keys.add(addressKey(Int32Array.of((4 << 16) | 9000, 0x0a00_0100 + i, 0, 0, 0, 0), 0));
  }
  assert.ok(keys.size > 19_990, `${keys.size} of 20000`);
});
