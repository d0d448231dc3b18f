import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { corpusPacket } from "../wire/corpus.test-support.ts";
import { peerIpOf, plainAddress } from "./peer-ip.ts";

const hexOf = (address: string): string => Buffer.from(peerIpOf(address)).toString("hex");

/** Where a handshake has it: behind the header and 32 bytes. */
const inPacket = (name: string): string => Buffer.from(corpusPacket(name).subarray(48, 64)).toString("hex");

describe("the peer's address in a handshake", () => {
  const cases: readonly (readonly [address: string, bytes: string])[] = [
    ["127.0.0.1", "0100007f000000000000000000000000"],
    ["192.0.2.17", "110200c0000000000000000000000000"],
    ["255.255.255.255", "ffffffff000000000000000000000000"],
    ["::ffff:192.0.2.17", "110200c0000000000000000000000000"],
    ["::", "00000000000000000000000000000000"],
    ["::1", "00000000000000000000000001000000"],
    ["2001:db8::1", "b80d0120000000000000000001000000"],
    ["2001:db8:1:2:3:4:5:6", "b80d0120020001000400030006000500"],
    ["2001:db8::", "b80d0120000000000000000000000000"],
    ["fe80::a:b%eth0", "000080fe00000000000000000b000a00"],
    ["64:ff9b::192.0.2.17", "9bff64000000000000000000110200c0"],
    ["nowhere", "00000000000000000000000000000000"],
    ["", "00000000000000000000000000000000"],
  ];
  for (const [address, bytes] of cases) {
    test(`${address} is ${bytes}`, () => assert.equal(hexOf(address), bytes));
  }

  test("is written as libsrt writes it", () => {
    assert.equal(inPacket("conclusion-caller-ipv6"), hexOf("::1"));
    assert.equal(inPacket("induction-caller"), hexOf("127.0.0.1"));
  });

  test("is shown without the prefix of IPv4 on sockets for both", () => {
    assert.equal(plainAddress("::ffff:192.0.2.1"), "192.0.2.1");
    for (const address of ["192.0.2.1", "::1", "::ffff:zzz", "::ffff:0:1", "fe80::1%eth0"]) {
      assert.equal(plainAddress(address), address);
    }
  });
});
