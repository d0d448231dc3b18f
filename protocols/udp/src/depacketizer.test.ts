import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { fromHex } from "@millrace/bytes";
import fc from "fast-check";
import { Depacketizer } from "./depacketizer.ts";

const FOLDER = join(import.meta.dirname, "corpus");
const CORPUS = readdirSync(FOLDER).map((name) => ({
  name,
  bytes: fromHex(readFileSync(join(FOLDER, name), "utf8")),
}));

function collector(rtpOnly: boolean) {
  const counts: Record<string, number> = {};
  const sizes: number[] = [];
  const depacketizer = new Depacketizer(
    { rtpOnly, reorderMs: 20 },
    {
      ts: (bytes) => void sizes.push(bytes.length),
      count: (name, by = 1) => void (counts[name] = (counts[name] ?? 0) + by),
    },
  );
  return { depacketizer, counts, sizes };
}

/** Bytes of transport stream that each datagram of the corpus gives, on `udp://` and on `rtp://`. */
const EXPECTED: Readonly<Record<string, readonly [udp: number, rtp: number]>> = {
  "raw-two-packets.hex": [376, 0],
  "raw-half-packet.hex": [278, 0],
  "rtp-one-packet.hex": [188, 188],
  "rtp-extension-csrc-padding.hex": [188, 188],
  // What is no RTP may be transport stream that is out of step: whoever looks for packets decides.
  "rtp-extension-too-long.hex": [204, 0],
  "rtp-padding-too-long.hex": [200, 0],
  "rtcp-sender-report.hex": [28, 0],
  "one-byte.hex": [1, 0],
};

suite("depacketizer", () => {
  for (const { name, bytes } of CORPUS) {
    test(name, () => {
      for (const [i, rtpOnly] of [false, true].entries()) {
        const { depacketizer, counts, sizes } = collector(rtpOnly);
        depacketizer.push(bytes, 0, bytes.length, 0);
        depacketizer.settle();
        const total = sizes.reduce((sum, size) => sum + size, 0);
        assert.equal(total, EXPECTED[name]?.[i]);
        assert.deepEqual(counts, rtpOnly && total === 0 ? { notRtp: 1 } : {});
      }
    });
  }

  test("raw datagrams that lie behind each other are one piece, in order with what came as RTP", () => {
    const rtp = fromHex(readFileSync(join(FOLDER, "rtp-one-packet.hex"), "utf8"));
    const block = new Uint8Array(2000).fill(0x47);
    block.set(rtp, 800);
    const { depacketizer, sizes } = collector(false);
    const spans = [
      [0, 188],
      [188, 376],
      [376, 564],
      [600, 788],
      [800, 800 + rtp.length],
      [1200, 1388],
      [1388, 1400],
    ] as const;
    for (const [start, end] of spans) depacketizer.push(block, start, end, 0);
    assert.deepEqual(sizes, [564, 188, 188]);
    depacketizer.settle();
    depacketizer.settle();
    assert.deepEqual(sizes, [564, 188, 188, 200]);
    // The same place of the same memory is another datagram in the next batch.
    depacketizer.push(block, 1400, 1588, 0);
    depacketizer.settle();
    assert.deepEqual(sizes, [564, 188, 188, 200, 188]);
  });

  test("survives whatever comes", () => {
    const mutated = fc
      .tuple(
        fc.constantFrom(...CORPUS.map(({ bytes }) => bytes)),
        fc.array(fc.tuple(fc.nat(40), fc.nat(255)), { maxLength: 6 }),
        fc.nat(400),
      )
      .map(([seed, spots, cut]) => {
        const bytes = seed.slice(0, Math.max(1, seed.length - (cut % 7 === 0 ? cut : 0)));
        for (const [at, value] of spots) if (at < bytes.length) bytes[at] = value;
        return bytes;
      });
    const anything = fc.oneof(mutated, fc.uint8Array({ maxLength: 64 }));
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 40 }), fc.boolean(), (datagrams, rtpOnly) => {
        const { depacketizer, sizes } = collector(rtpOnly);
        let given = 0;
        for (const [i, datagram] of datagrams.entries()) {
          depacketizer.push(datagram, 0, datagram.length, i * 1e6);
          if (i % 3 === 0) depacketizer.settle();
          given += datagram.length;
        }
        depacketizer.settle();
        depacketizer.flush();
        assert.ok(sizes.reduce((sum, size) => sum + size, 0) <= given);
        assert.equal(depacketizer.deadlineNs, Number.POSITIVE_INFINITY);
      }),
      { numRuns: 300 },
    );
  });
});
