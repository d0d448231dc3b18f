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
        depacketizer.push(bytes, 0);
        const total = sizes.reduce((sum, size) => sum + size, 0);
        assert.equal(total, EXPECTED[name]?.[i]);
        assert.deepEqual(counts, rtpOnly && total === 0 ? { notRtp: 1 } : {});
      }
    });
  }

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
          depacketizer.push(datagram, i * 1e6);
          given += datagram.length;
        }
        depacketizer.flush();
        assert.ok(sizes.reduce((sum, size) => sum + size, 0) <= given);
        assert.equal(depacketizer.deadlineNs, Number.POSITIVE_INFINITY);
      }),
      { numRuns: 300 },
    );
  });
});
