import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fromHex, hex } from "@millrace/bytes";
import fc from "fast-check";
import { pooled } from "./corpus.test-support.ts";
import {
  EXTENSION_CONGESTION,
  EXTENSION_FILTER,
  EXTENSION_GROUP,
  EXTENSION_HSREQ,
  EXTENSION_HSRSP,
  EXTENSION_KMREQ,
  EXTENSION_KMRSP,
  EXTENSION_SID,
  FLAG_STREAM,
  FLAG_TSBPDSND,
  type HandshakeExtension,
  MAX_TEXT_BYTES,
} from "./extension.ts";
import { BASE, violates, withTail } from "./handshake.test-support.ts";
import {
  type Handshake,
  parseHandshake,
  REQUEST_AGREEMENT,
  REQUEST_CONCLUSION,
  serializeHandshake,
} from "./handshake.ts";
import type { WireViolation } from "./violation.ts";

suite("handshake extensions", () => {
  const NUMBERS: readonly [type: number, tail: string, HandshakeExtension][] = [
    [
      EXTENSION_HSREQ,
      "00010003 00010203 00000041 00010002",
      {
        kind: "hsreq",
        srtVersion: 0x010203,
        flags: FLAG_STREAM | FLAG_TSBPDSND,
        receiverDelayMs: 1,
        senderDelayMs: 2,
      },
    ],
    [
      EXTENSION_HSRSP,
      "00020003 00010203 ffffffff ffff0000",
      { kind: "hsrsp", srtVersion: 0x010203, flags: 0xffff_ffff, receiverDelayMs: 0xffff, senderDelayMs: 0 },
    ],
    [EXTENSION_KMREQ, "00030001 01020304", { kind: "kmreq", bytes: fromHex("01020304") }],
    [EXTENSION_KMRSP, "00040000", { kind: "kmrsp", bytes: fromHex("") }],
    [EXTENSION_SID, "00050002 64636261 00000065", { kind: "streamid", text: "abcde" }],
    [EXTENSION_SID, "00050000", { kind: "streamid", text: "" }],
    [EXTENSION_SID, "00050001 61bfbbef", { kind: "streamid", text: "\ufeffa" }],
    [EXTENSION_CONGESTION, "00060001 6576696c", { kind: "congestion", text: "live" }],
    [EXTENSION_FILTER, "00070001 00636566", { kind: "filter", text: "fec" }],
    [
      EXTENSION_GROUP,
      "00080002 80000001 01ff8002",
      { kind: "group", command: "group", id: 0x8000_0001, type: 1, flags: 0xff, weight: 0x8002 },
    ],
    [9, "00090001 01020304", { kind: "unknown", type: 9, bytes: fromHex("01020304") }],
    [0, "00000000", { kind: "unknown", type: 0, bytes: fromHex("") }],
  ];
  for (const [type, tail, extension] of NUMBERS) {
    test(`${extension.kind}: ${tail}`, () => {
      assert.equal(Number.parseInt(tail.slice(0, 4), 16), type);
      assert.deepEqual(parseHandshake(withTail(tail)).extensions, [extension]);
      const body = serializeHandshake({ ...BASE, extensionField: 7, extensions: [extension] });
      assert.equal(hex(body), hex(withTail(tail)));
    });
  }

  test("a text keeps its inner zeros, which a stream ID refuses", () => {
    const [extension] = parseHandshake(withTail("00050002 62006100 00000063")).extensions;
    assert.deepEqual(extension, { kind: "streamid", text: "\0a\0bc" });
  });

  test("bytes that are no whole words are filled up", () => {
    const extensions: HandshakeExtension[] = [{ kind: "unknown", type: 99, bytes: fromHex("0102030405") }];
    const body = serializeHandshake({ ...BASE, extensionField: 7, extensions });
    assert.equal(hex(body), hex(withTail("00630002 01020304 05000000")));
  });

  const MALFORMED: readonly [name: string, tail: string, code: WireViolation["code"]][] = [
    ["half a header", "0001", "srt.truncated"],
    ["a length beyond the end", "00050002 00000078", "srt.truncated"],
    ["the longest length", "0005ffff 00000078", "srt.truncated"],
    ["a half word behind the last", "00050001 00000078 0000", "srt.truncated"],
    ["an HSREQ of two words", "00010002 00010203 00000041", "srt.truncated"],
    ["an empty HSRSP", "00020000", "srt.truncated"],
    ["a group of one word", "00080001 80000001", "srt.truncated"],
    ["a stream ID of 513 bytes", `00050081${"78".repeat(516)}`, "srt.bad-length"],
    ["a filter of 513 bytes", `00070081${"78".repeat(516)}`, "srt.bad-length"],
    ["a text that is not UTF-8", "00050001 000000ff", "srt.bad-text"],
    ["a text with an overlong slash", "00060001 0000afc0", "srt.bad-text"],
    ["33 extensions", "00630000".repeat(33), "srt.too-many-extensions"],
  ];
  for (const [name, tail, code] of MALFORMED) {
    test(name, () => assert.throws(() => parseHandshake(withTail(tail)), violates(code)));
  }

  test("32 extensions are not too many", () => {
    assert.equal(parseHandshake(withTail("00630000".repeat(32))).extensions.length, 32);
  });

  test("the longest stream ID, counted in bytes", () => {
    const longest = "ü".repeat(MAX_TEXT_BYTES / 2);
    const body = serializeHandshake({ ...BASE, extensions: [{ kind: "streamid", text: longest }] });
    assert.deepEqual(parseHandshake(body).extensions, [{ kind: "streamid", text: longest }]);
    const extensions: HandshakeExtension[] = [{ kind: "streamid", text: `${longest}x` }];
    assert.throws(() => serializeHandshake({ ...BASE, extensions }), violates("srt.bad-length"));
  });

  const u16 = fc.nat(0xffff);
  const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
  const wholeWords = fc
    .uint8Array({ maxLength: 80 })
    .map((bytes) => new Uint8Array(bytes.subarray(0, bytes.length & ~3)));
  const text = fc.string({ unit: "grapheme", maxLength: 40 }).filter((it) => !it.endsWith("\0"));
  const extension: fc.Arbitrary<HandshakeExtension> = fc.oneof(
    fc.record({
      kind: fc.constantFrom("hsreq" as const, "hsrsp" as const),
      srtVersion: u32,
      flags: u32,
      receiverDelayMs: u16,
      senderDelayMs: u16,
    }),
    fc.record({ kind: fc.constantFrom("kmreq" as const, "kmrsp" as const), bytes: wholeWords }),
    fc.record({ kind: fc.constantFrom("streamid" as const, "congestion" as const, "filter" as const), text }),
    fc.record({
      kind: fc.constant("group" as const),
      command: fc.constant("group" as const),
      id: u32,
      type: fc.nat(255),
      flags: fc.nat(255),
      weight: u16,
    }),
    fc.record({
      kind: fc.constant("unknown" as const),
      type: fc.integer({ min: 9, max: 0xffff }),
      bytes: wholeWords,
    }),
  );
  const handshake: fc.Arbitrary<Handshake> = fc.record(
    {
      version: fc.constant(5),
      encryption: u16,
      extensionField: fc.integer({ min: 1, max: 0xffff }),
      initialSequence: fc.integer({ min: 0, max: 0x7fff_ffff }),
      maxPacketSize: u32,
      flowWindow: u32,
      requestType: fc.constantFrom(REQUEST_CONCLUSION, REQUEST_AGREEMENT),
      socketId: u32,
      cookie: u32,
      peerIp: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      extensions: fc.array(extension, { maxLength: 5 }),
    },
    { noNullPrototype: true },
  );

  test("parse takes back what serialize wrote, at any place in memory", () => {
    fc.assert(
      fc.property(handshake, fc.nat(255), (given, surroundings) => {
        const read = parseHandshake(pooled(serializeHandshake(given), surroundings));
        assert.deepEqual(read, { ...given, extensions: given.extensions.map((it) => ({ ...it })) });
      }),
      { numRuns: 300 },
    );
  });
});
