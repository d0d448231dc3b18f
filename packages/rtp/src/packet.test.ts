import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fromHex } from "@millrace/bytes";
import fc from "fast-check";
import { looksLikeRawTs, looksLikeRtpTs } from "./detect.ts";
import { type RtpFields, RtpPacket, RtpSender, serializeRtp } from "./packet.ts";
import { RtpUnwrapper, sequenceDifference, timestampDifference } from "./sequence.ts";

test("reads the fields of a packet as they stand on the wire", () => {
  const packet = new RtpPacket();
  // Version 2, padding, extension, one CSRC; marker, type 33.
  const bytes = fromHex("b1a1 1234 01020304 a0b0c0d0 11223344 bede0001 deadbeef 47aabb 000003");
  assert.equal(packet.parse(bytes, 0, bytes.length), true);
  assert.equal(packet.marker, true);
  assert.equal(packet.payloadType, 33);
  assert.equal(packet.sequence, 0x1234);
  assert.equal(packet.timestamp, 0x01020304);
  assert.equal(packet.ssrc, 0xa0b0c0d0);
  assert.equal(packet.csrcCount, 1);
  assert.equal(packet.csrc(0), 0x11223344);
  assert.equal(packet.extensionProfile, 0xbede);
  assert.deepEqual(bytes.subarray(packet.extensionStart, packet.extensionEnd), fromHex("deadbeef"));
  assert.deepEqual(packet.payload, fromHex("47aabb"));
});

const malformed: readonly [string, string][] = [
  ["shorter than the header", "80210001 00000000 000000"],
  ["version 1", "40210001 00000000 00000000"],
  ["a CSRC list past the end", "8f210001 00000000 00000000 00000000"],
  ["an extension header past the end", "90210001 00000000 00000000 bede"],
  ["an extension past the end", "90210001 00000000 00000000 bede0002 00000000"],
  ["padding longer than the payload", "a0210001 00000000 00000000 00000009"],
  ["padding of no bytes", "a0210001 00000000 00000000 00000000"],
];
for (const [name, hexText] of malformed) {
  test(`refuses ${name}`, () => {
    const bytes = fromHex(hexText);
    assert.equal(new RtpPacket().parse(bytes, 0, bytes.length), false);
  });
}

const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const words = fc
  .array(u32, { maxLength: 4 })
  .map((list) => new Uint8Array(list.flatMap((w) => [w >>> 24, w >>> 16, w >>> 8, w])));
const fieldsArb: fc.Arbitrary<RtpFields> = fc.record(
  {
    marker: fc.boolean(),
    payloadType: fc.integer({ min: 0, max: 127 }),
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    csrc: fc.array(u32, { maxLength: 15 }),
    padding: fc.integer({ min: 0, max: 255 }),
    payload: fc.uint8Array({ maxLength: 64 }),
    extension: fc.record({ profile: u16, data: words }, { noNullPrototype: true }),
  },
  { noNullPrototype: true },
);

test("parse takes back what serialize wrote, at any offset", () => {
  const packet = new RtpPacket();
  fc.assert(
    fc.property(fieldsArb, fc.integer({ min: 0, max: 9 }), (fields, offset) => {
      const bytes = serializeRtp(fields);
      const buf = new Uint8Array(bytes.length + 2 * offset).fill(0xff);
      buf.set(bytes, offset);
      assert.equal(packet.parse(buf, offset, offset + bytes.length), true);
      const extension = {
        profile: packet.extensionProfile,
        data: buf.slice(packet.extensionStart, packet.extensionEnd),
      };
      const csrc = Array.from({ length: packet.csrcCount }, (_, i) => packet.csrc(i));
      const { marker, payloadType, sequence, timestamp, ssrc } = packet;
      const padding = packet.end - packet.payloadEnd;
      const got = { marker, payloadType, sequence, timestamp, ssrc, csrc, padding, extension };
      assert.deepEqual({ ...got, payload: packet.payload.slice() }, fields);
    }),
    { numRuns: 300 },
  );
});

/** Packets of a RIST simple profile session: `source TAB kind TAB hex`. */
const captured = readFileSync(join(import.meta.dirname, "../corpus/packets.tsv"), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => ({ kind: line.split("\t")[1], bytes: fromHex(line.split("\t")[2] as string) }));

test("captured packets: transport stream in RTP is told from RTCP", () => {
  const packet = new RtpPacket();
  const sequences: number[] = [];
  for (const { kind, bytes } of captured) {
    assert.equal(looksLikeRtpTs(bytes), kind === "rtp");
    if (kind !== "rtp") continue;
    assert.equal(packet.parse(bytes, 0, bytes.length), true);
    assert.deepEqual([packet.payloadType, packet.ssrc, packet.payload.length], [33, 0xd9123750, 7 * 188]);
    sequences.push(packet.sequence);
  }
  assert.deepEqual(sequences, [0, 1]);
});

test("fuzz: captured packets, spoilt and cut, never point outside", () => {
  const packet = new RtpPacket();
  const edits = fc.array(fc.record({ at: fc.nat(20), byte: fc.nat(255) }), { maxLength: 4 });
  fc.assert(
    fc.property(fc.constantFrom(...captured), edits, fc.nat(1400), ({ bytes }, list, length) => {
      const spoilt = bytes.slice(0, length);
      for (const { at, byte } of list) if (at < spoilt.length) spoilt[at] = byte;
      looksLikeRtpTs(spoilt);
      if (!packet.parse(spoilt, 0, spoilt.length)) return;
      assert.ok(packet.extensionEnd <= packet.payloadStart && packet.payloadStart <= packet.payloadEnd);
      assert.ok(packet.payloadEnd <= spoilt.length);
      for (let i = 0; i < packet.csrcCount; i++) assert.ok(packet.csrc(i) >= 0);
    }),
    { numRuns: 2000 },
  );
});

test("any bytes parse to offsets inside them or not at all", () => {
  const packet = new RtpPacket();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.integer({ min: 0x80, max: 0xbf }), (bytes, first) => {
      if (bytes.length > 0) bytes[0] = first;
      if (!packet.parse(bytes, 0, bytes.length)) return;
      assert.ok(12 <= packet.payloadStart && packet.payloadStart <= packet.payloadEnd);
      assert.ok(packet.payloadEnd <= bytes.length && packet.extensionEnd <= packet.payloadStart);
      looksLikeRtpTs(bytes);
    }),
    { numRuns: 2000 },
  );
});

test("a sender numbers its packets around the wrap", () => {
  const sender = new RtpSender({ ssrc: 0xfffffff0, payloadType: 33, firstSequence: 0xffff });
  const target = new Uint8Array(16);
  const packet = new RtpPacket();
  for (const sequence of [0xffff, 0, 1]) {
    sender.writeHeader(target, 0, 90_000);
    assert.equal(packet.parse(target, 0, 16), true);
    assert.equal(packet.sequence, sequence);
    assert.equal(packet.ssrc, 0xfffffff0);
  }
});

test("tells transport stream in RTP from raw and from other things", () => {
  const ts = new Uint8Array(7 * 188);
  for (let i = 0; i < 7; i++) ts[i * 188] = 0x47;
  const wrap = (payload: Uint8Array, payloadType = 33) =>
    serializeRtp({ payloadType, sequence: 1, timestamp: 2, ssrc: 3, payload });
  assert.equal(looksLikeRtpTs(wrap(ts)), true);
  assert.equal(looksLikeRtpTs(wrap(ts, 96)), true);
  assert.equal(looksLikeRawTs(ts), true);
  assert.equal(looksLikeRtpTs(ts), false);
  assert.equal(looksLikeRawTs(wrap(ts)), false);
  assert.equal(looksLikeRtpTs(wrap(ts.subarray(0, 300))), false);
  assert.equal(looksLikeRtpTs(wrap(new Uint8Array(0))), false);
  // A sender report (type 200) would read as marker and payload type 72.
  const report = wrap(ts);
  report[1] = 200;
  assert.equal(looksLikeRtpTs(report), false);
  const broken = ts.slice();
  broken[188 * 3] = 0x46;
  assert.equal(looksLikeRtpTs(wrap(broken)), false);
});

test("differences wrap", () => {
  assert.equal(sequenceDifference(2, 0xfffe), 4);
  assert.equal(sequenceDifference(0xfffe, 2), -4);
  assert.equal(timestampDifference(5, 0xfffffff0), 21);
  const unwrapper = new RtpUnwrapper(32);
  assert.deepEqual(
    [0xfffffffe, 3, 0xffffffff, 10].map((v) => unwrapper.unwrap(v)),
    [0xfffffffe, 0x100000003, 0xffffffff, 0x10000000a],
  );
});
