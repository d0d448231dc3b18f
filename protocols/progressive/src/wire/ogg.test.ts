import assert from "node:assert/strict";
import { test } from "node:test";
import { concat, fromHex, hex } from "@millrace/bytes";
import fc from "fast-check";
import { granuleOf, MOST_PACKET_BYTES, oggHeader, oggPage, setPage } from "./ogg.ts";

/** The check of RFC 3533 §6, bit by bit. */
function slowCrc(page: Uint8Array): number {
  let crc = 0;
  for (const [i, byte] of page.entries()) {
    // The check counts as zero.
    crc ^= (i >= 22 && i < 26 ? 0 : byte) << 24;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  }
  return crc >>> 0;
}

function readCrc(page: Uint8Array): number {
  return new DataView(page.buffer, page.byteOffset).getUint32(22, true);
}

test("a page holds its packet, however long, and its check is right, also when it is put elsewhere", () => {
  const packets = fc.uint8Array({ maxLength: 2000 });
  const places = fc.record({
    granule: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    sequence: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  });
  fc.assert(
    fc.property(packets, places, places, (packet, place, other) => {
      const page = oggPage(place, [packet.subarray(0, 100), packet.subarray(100)]);
      for (const each of [place, other]) {
        setPage(page, each);
        const segments = page[26] as number;
        const lacing = page.subarray(27, 27 + segments);
        assert.equal(
          lacing.reduce((sum, size) => sum + size, 0),
          packet.length,
        );
        assert.ok(lacing.subarray(0, -1).every((size) => size === 255) && (lacing.at(-1) as number) < 255);
        assert.deepEqual(page.subarray(27 + segments), packet);
        assert.equal(granuleOf(page), each.granule);
        assert.equal(new DataView(page.buffer).getUint32(18, true), each.sequence);
        assert.equal(readCrc(page), slowCrc(page));
      }
    }),
  );
});

test("the longest packet fits", () => {
  const page = oggPage({ granule: 0, sequence: 0 }, [new Uint8Array(MOST_PACKET_BYTES)]);
  assert.equal(page[26], 255);
});

test("an Opus stream begins with its identification and comments, on pages of their own", () => {
  const config = fromHex("000201380000bb80000000");
  const pages = oggHeader({ id: 1, kind: "audio", codec: "opus", timescale: 48_000, config });
  assert.deepEqual(
    pages.map((page) => [page[5], Buffer.from(page).toString("latin1", 28, 36)]),
    [
      [2, "OpusHead"],
      [0, "OpusTags"],
    ],
  );
  // Version 1, 2 channels, pre-skip 312, 48 kHz, no gain, family 0: little-endian.
  assert.equal(hex(pages[0] as Uint8Array, 36), "0102380180bb0000000000");
});

test("a FLAC stream begins with STREAMINFO behind its mark, and one more header packet", () => {
  const info = concat([fromHex("80000022"), new Uint8Array(34).fill(7)]);
  const config = concat([new Uint8Array(4), info]);
  const [first, second] = oggHeader({ id: 1, kind: "audio", codec: "flac", timescale: 48_000, config });
  assert.equal(hex(first as Uint8Array, 28, 28 + 13), "7f464c4143010000" + "01664c6143");
  assert.equal(hex(first as Uint8Array, 28 + 13, 28 + 17), "00000022", "not the last block here");
  assert.equal(second?.[28], 0x84);
});
