import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fromHex, hex } from "@millrace/bytes";
import { splitAggregate } from "./aggregate.ts";
import { chunkMessage } from "./chunk-writer.ts";
import {
  controlMessage,
  peerBandwidthMessage,
  readControl,
  readUserControl,
  userControlMessage,
} from "./control.ts";

suite("chunk writer", () => {
  const header = { csid: 6, type: 9, streamId: 1, timestampMs: 10 };
  const CASES: readonly [what: string, bytes: Uint8Array, expected: string][] = [
    ["one chunk", chunkMessage(header, fromHex("a1a2"), 2), "06 00000a 000002 09 01000000 a1a2"],
    ["two chunks", chunkMessage(header, fromHex("a1a2a3"), 2), "06 00000a 000003 09 01000000 a1a2 c6 a3"],
    ["nothing in it", chunkMessage(header, new Uint8Array(0), 2), "06 00000a 000000 09 01000000"],
    [
      "an extended time, in every chunk",
      chunkMessage({ ...header, timestampMs: 0x1_0100_0000 }, fromHex("a1a2a3"), 2),
      "06 ffffff 000003 09 01000000 01000000 a1a2 c6 01000000 a3",
    ],
    [
      "a time before zero",
      chunkMessage({ ...header, timestampMs: -1 }, fromHex("a1"), 2),
      "06 ffffff 000001 09 01000000 ffffffff a1",
    ],
    [
      "a chunk stream of three bytes",
      chunkMessage({ ...header, csid: 320 }, fromHex("a1a2"), 1),
      "01 0001 00000a 000002 09 01000000 a1 c1 0001 a2",
    ],
  ];
  for (const [what, bytes, expected] of CASES) {
    test(what, () => assert.equal(hex(bytes), expected.replaceAll(" ", "")));
  }

  test("refuses what no length can say", () => {
    assert.throws(() => chunkMessage(header, new Uint8Array(0x1000000), 128), RangeError);
  });
});

suite("control messages", () => {
  test("are written as the specification has them", () => {
    assert.equal(hex(controlMessage(5, 2_500_000)), "02000000000004050000000000" + "2625a0");
    assert.equal(hex(peerBandwidthMessage(1)), "020000000000050600000000" + "0000000102");
    assert.equal(hex(userControlMessage(3, 1, 3000)), "0200000000000a0400000000" + "00030000000100000bb8");
  });

  test("are read back, also those that are cut short", () => {
    assert.equal(readControl(fromHex("fffffffe02")), 0xfffffffe);
    assert.throws(() => readControl(fromHex("000001")), { code: "rtmp.bad-control" });
    assert.deepEqual(readUserControl(fromHex("00030000000100000bb8")), { event: 3, value: 1, second: 3000 });
    assert.deepEqual(readUserControl(fromHex("0006")), { event: 6, value: 0, second: 0 });
    assert.throws(() => readUserControl(fromHex("00")), { code: "rtmp.bad-control" });
  });
});

suite("aggregate message", () => {
  const split = (text: string): [boolean, string[]] => {
    const tags: string[] = [];
    const whole = splitAggregate(fromHex(text), 5000, (type, timeMs, body) => {
      tags.push(`${type} ${timeMs} ${hex(body)}`);
    });
    return [whole, tags];
  };
  const first = "08 000002 000064 00 000000 a1a2 0000000d";
  const second = "09 000001 00006e 00 000000 b1 0000000c";

  test("keeps the distance of its tags, whatever time they state", () => {
    assert.deepEqual(split(first + second), [true, ["8 5000 a1a2", "9 5010 b1"]]);
    const late = "09 000001 fffff0 ff 000000 b1 0000000c  08 000001 000010 00 000000 c1 0000000c";
    assert.deepEqual(split(late), [true, ["9 5000 b1", "8 5032 c1"]]);
  });

  test("may lack its last back pointer", () => {
    assert.deepEqual(split(`${first}09 000001 00006e 00 000000 b1`), [true, ["8 5000 a1a2", "9 5010 b1"]]);
  });

  test("hands on what is whole when it is cut short", () => {
    assert.deepEqual(split(`${first}09 000002 00006e 00 000000 b1`), [false, ["8 5000 a1a2"]]);
    assert.deepEqual(split(`${first}0900`), [false, ["8 5000 a1a2"]]);
    assert.deepEqual(split(""), [true, []]);
  });
});
