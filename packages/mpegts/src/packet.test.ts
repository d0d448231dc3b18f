import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex } from "@millrace/bytes";
import { PCR_WRAP } from "@millrace/model";
import fc from "fast-check";
import * as p from "./packet.ts";
import { pcrDiff, ticksDiff, Unwrapper, wrapValue } from "./ts-time.ts";

test("header fields", () => {
  const buf = new Uint8Array(400);
  const at = 188;
  fc.assert(
    fc.property(fc.nat(0x1fff), fc.nat(15), fc.nat(3), (pid, cc, control) => {
      const flags = (control & 1 ? p.HEADER_PAYLOAD : 0) | (control & 2 ? p.HEADER_ADAPTATION : 0);
      p.writeHeader(buf, at, p.packHeader(pid, cc, flags | p.HEADER_PUSI));
      assert.equal(buf[at], p.SYNC_BYTE);
      assert.equal(p.pidOf(buf, at), pid);
      assert.equal(p.continuityOf(buf, at), cc);
      assert.equal(p.hasPayload(buf, at), (control & 1) !== 0);
      assert.equal(p.hasAdaptation(buf, at), (control & 2) !== 0);
      assert.equal(p.hasUnitStart(buf, at), true);
      assert.equal(p.hasTransportError(buf, at), false);
      assert.equal(p.scramblingOf(buf, at), 0);
      p.writeContinuity(buf, at, cc + 1);
      assert.equal(p.continuityOf(buf, at), (cc + 1) & 15);
      assert.equal(p.pidOf(buf, at), pid);
    }),
  );
});

test("payload offset, lies of the adaptation field included", () => {
  const cases: [string, number][] = [
    ["47010010", 4],
    ["4701003000", 5],
    ["4701003007", 12],
    ["47010030b6", 187],
    ["47010030b7", 188],
    ["47010030ff", 188],
    ["47010020b7", 188],
    ["47010000", 188],
  ];
  for (const [head, offset] of cases) {
    const buf = new Uint8Array(188);
    buf.set(fromHex(head));
    assert.equal(p.payloadOffset(buf, 0), offset, head);
  }
});

test("PCR is read as written, and wraps", () => {
  const buf = new Uint8Array(p.PACKET_SIZE);
  fc.assert(
    fc.property(fc.nat(299), fc.maxSafeInteger(), (extension, base) => {
      const pcr = (Math.abs(base) % 2 ** 35) * 300 + extension;
      p.writePcrPacket(buf, 0, { pid: 0x1abc, continuity: 5, pcr27: pcr });
      assert.equal(p.hasPcr(buf, 0), true);
      assert.equal(p.pcrOf(buf, 0), pcr % PCR_WRAP);
      assert.equal(p.readPcrBase(buf, 6), Math.floor((pcr % PCR_WRAP) / 300));
      assert.equal(p.payloadOffset(buf, 0), 188);
      assert.equal(p.hasDiscontinuity(buf, 0), false);
    }),
  );
  buf[4] = 6; // too short for a PCR
  assert.equal(p.hasPcr(buf, 0), false);
});

test("flags of the adaptation field", () => {
  const buf = new Uint8Array(188);
  buf.set(fromHex("4701003001c0"));
  assert.equal(p.hasDiscontinuity(buf, 0), true);
  assert.equal(p.hasRandomAccess(buf, 0), true);
  buf[4] = 0;
  assert.equal(p.adaptationFlags(buf, 0), 0);
  for (const size of [1, 2, 3, 183]) {
    p.writeHeader(buf, 0, p.packHeader(1, 2, p.HEADER_ADAPTATION | p.HEADER_PAYLOAD));
    p.writeStuffing(buf, 0, size);
    assert.equal(p.payloadOffset(buf, 0), 4 + size);
    assert.equal(p.adaptationFlags(buf, 0), 0);
  }
  p.writeNull(buf, 0);
  assert.equal(p.pidOf(buf, 0), p.PID_NULL);
});

test("differences on wrapping clocks", () => {
  assert.equal(pcrDiff(PCR_WRAP - 5, 5), 10);
  assert.equal(pcrDiff(5, PCR_WRAP - 5), -10);
  assert.equal(ticksDiff(0, 2 ** 33 - 90), -90);
  assert.equal(ticksDiff(2 ** 33 + 7, 9), 2);
  assert.equal(wrapValue(-1, 2 ** 33), 2 ** 33 - 1);
  const unwrapper = new Unwrapper();
  const start = 2 ** 33 - 10_000;
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -90_000, max: 900_000 })), (steps) => {
      unwrapper.reset();
      let truth = start;
      assert.equal(unwrapper.unwrap(start), start);
      for (const step of steps) {
        truth += step;
        assert.equal(unwrapper.unwrap(wrapValue(truth, 2 ** 33)), truth);
      }
      assert.equal(unwrapper.last, truth);
    }),
  );
});
