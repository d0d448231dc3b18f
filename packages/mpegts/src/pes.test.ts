import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, hex } from "@millrace/bytes";
import fc from "fast-check";
import {
  PES_BAD,
  PES_OK,
  PES_SHORT,
  PesHeader,
  readTimestamp,
  serializePesHeader,
  writeTimestamp,
} from "./pes.ts";

const ticks = fc.maxSafeInteger().map((v) => Math.abs(v) % 2 ** 33);

test("PES headers: parse ∘ serialize", () => {
  const into = new PesHeader();
  const fields = fc.record({
    streamId: fc.constantFrom(0xbd, 0xc0, 0xe0, 0xfc, 0xfd),
    payloadLength: fc.nat(70_000),
    pts: fc.option(ticks, { nil: undefined }),
    dts: fc.option(ticks, { nil: undefined }),
    aligned: fc.boolean(),
    stuffing: fc.nat(40),
  });
  fc.assert(
    fc.property(fields, ({ pts, dts, ...rest }) => {
      const header = serializePesHeader({
        ...rest,
        ...(pts === undefined ? {} : { pts }),
        ...(dts === undefined ? {} : { dts }),
      });
      assert.equal(into.parse(header, 0, header.length), PES_OK);
      assert.equal(into.streamId, rest.streamId);
      assert.equal(into.payload, header.length);
      assert.equal(into.aligned, rest.aligned);
      assert.equal(into.pts, pts ?? -1);
      assert.equal(into.dts, pts === undefined ? -1 : (dts ?? pts));
      const length = header.length - 6 + rest.payloadLength;
      assert.equal(into.packetLength, length > 0xffff ? 0 : length);
      for (let end = 0; end < header.length; end++) assert.equal(into.parse(header, 0, end), PES_SHORT);
    }),
  );
});

test("time stamps wrap at 33 bits", () => {
  const buf = fromHex("ff00000000");
  for (const [value, read] of [
    [2 ** 33, 0],
    [2 ** 33 + 5, 5],
    [-1, 2 ** 33 - 1],
    [2 ** 32, 2 ** 32],
  ] as const) {
    writeTimestamp(buf, 0, value);
    assert.equal(readTimestamp(buf, 0), read);
    assert.equal(buf[0]! >> 4, 15);
  }
});

test("headers that are none, and headers without optional fields", () => {
  const into = new PesHeader();
  const cases: [string, number, number][] = [
    ["000001e00000 800005 2100010001", PES_OK, 14],
    ["000001be0010", PES_OK, 6], // padding_stream
    ["000001bf0010", PES_OK, 6], // private_stream_2
    ["000001b30010 0000", PES_BAD, 0], // a sequence header
    ["000002e00000 800000", PES_BAD, 0],
    ["000001e00000 400000", PES_BAD, 0], // MPEG-1 syntax
    ["000001c00005 800003 ffffff", PES_BAD, 0], // header longer than the packet
    ["000001e00005 800003 ffffff", PES_OK, 12], // the same for video: the length did not fit 16 bits
    ["000001e00000 800005 2100", PES_SHORT, 0],
    ["000001e00000 800003 ffffff", PES_OK, 12], // PTS announced, no room for it
    ["000001e00000 804005 2100010001", PES_OK, 14], // forbidden PTS_DTS_flags '01'
  ];
  for (const [text, result, payload] of cases) {
    const bytes = fromHex(text);
    assert.equal(into.parse(bytes, 0, bytes.length), result, text);
    if (result === PES_OK) assert.equal(into.payload, payload, text);
  }
  assert.equal(hex(serializePesHeader({ streamId: 0xbf, payloadLength: 3 })), "000001bf0003");
});

test("rubbish never throws, and a payload never begins outside", () => {
  const into = new PesHeader();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      bytes.set([0, 0, 1].slice(0, bytes.length));
      const result = into.parse(bytes, 0, bytes.length);
      if (result === PES_OK) assert.ok(into.payload >= 6 && into.payload <= bytes.length);
    }),
    { numRuns: 500 },
  );
});
