import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, hex } from "@millrace/bytes";
import fc from "fast-check";
import {
  buildDops,
  buildOpusControlHeader,
  buildOpusHead,
  emptyOpusTsHeader,
  opusChannelConfig,
  opusHeadOfChannelConfig,
  opusPacketSamples,
  parseDops,
  parseOpusHead,
  parseOpusTs,
} from "./opus.ts";

const packets: readonly [string, string, number][] = [
  ["SILK 60 ms", "18", 2880],
  ["hybrid 10 ms", "60", 480],
  ["CELT 2.5 ms", "80", 120],
  ["CELT 20 ms, two frames", "f9", 1920],
  ["CELT 20 ms, six frames", "fb06", 5760],
  ["more than 120 ms", "fb07", 0],
  ["a frame count that is missing", "fb", 0],
  ["nothing", "", 0],
];
for (const [name, bytes, samples] of packets) {
  test(`packet duration: ${name}`, () => {
    const buf = fromHex(bytes);
    assert.equal(opusPacketSamples(buf, 0, buf.length), samples);
  });
}

test("the control header goes around any packet", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 1200 }), (packet) => {
      packet[0] = 0xfc;
      const header = buildOpusControlHeader(packet.length);
      const out = emptyOpusTsHeader();
      const buf = Buffer.concat([header, packet]);
      assert.equal(parseOpusTs(buf, 0, out), buf.length);
      assert.equal(out.headerLength, header.length);
      assert.equal(out.channels, 2);
    }),
  );
});

test("trims and extensions of the control header are read and passed", () => {
  const out = emptyOpusTsHeader();
  const buf = fromHex("7ffc 02 e138 0003 02 aabb fc00");
  assert.equal(parseOpusTs(buf, 0, out), buf.length);
  assert.deepEqual([out.startTrim, out.endTrim, out.headerLength], [0x138, 3, 10]);
});

test("channel configurations, dOps and OpusHead say the same", () => {
  for (let code = 0; code <= 8; code++) {
    const head = opusHeadOfChannelConfig(code);
    assert.ok(head);
    assert.equal(opusChannelConfig(head), code);
    assert.deepEqual(parseDops(buildDops(head)), head);
    assert.deepEqual(parseOpusHead(buildOpusHead({ ...head, preSkip: 312, outputGain: -256 })), {
      ...head,
      preSkip: 312,
      outputGain: -256,
    });
  }
  assert.equal(opusHeadOfChannelConfig(0x81), undefined);
  const stereo = { channels: 2, preSkip: 312, inputSampleRate: 48_000, outputGain: 0, mappingFamily: 0 };
  assert.equal(hex(buildDops(stereo)), "000201380000bb80000000");
  assert.equal(hex(buildOpusHead(stereo)), "4f707573486561640102380180bb0000000000");
});
