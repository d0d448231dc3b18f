import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PACKET_SIZE } from "./packet.ts";
import { PacketAligner } from "./sync.ts";
import { missing, sharedMedia } from "./testing/media.ts";

/** Packets with a number in each, free of chance sync bytes. */
function numbered(count: number): Uint8Array {
  const bytes = new Uint8Array(count * PACKET_SIZE).fill(0xaa);
  for (let i = 0; i < count; i++) bytes.set([0x47, 0x01, i & 0x3f, 0x10, i >> 6], i * PACKET_SIZE);
  return bytes;
}

/** Pushes `bytes` in pieces of the given sizes, over and over, and gathers what comes out. */
function align(bytes: Uint8Array, sizes: readonly number[]) {
  const out: Uint8Array[] = [];
  const aligner = new PacketAligner((buf, start, count) => {
    for (let i = 0; i < count; i++) out.push(buf.slice(start + i * 188, start + (i + 1) * 188));
  });
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    aligner.push(bytes.subarray(at, at + size));
    at += size;
  }
  aligner.flush();
  return { aligner, out, numbers: out.map((p) => p[2]! + p[4]! * 64) };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

function join(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

test("any cutting into pieces gives the same packets, at every packet size", () => {
  const plain = numbered(40);
  const layouts: [number, number, number][] = [
    [188, 0, 0],
    [192, 4, 4],
    [204, 0, 0],
  ];
  for (const [stride, lead] of layouts) {
    const bytes = new Uint8Array(40 * stride).fill(0xbb);
    for (let i = 0; i < 40; i++) bytes.set(plain.subarray(i * 188, (i + 1) * 188), i * stride + lead);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 8 }), (sizes) => {
        const { aligner, numbers } = align(bytes, sizes);
        assert.deepEqual(numbers, range(0, 40), `stride ${stride}`);
        assert.equal(aligner.rubbishBytes, 0);
        assert.equal(aligner.syncLosses, 0);
      }),
      { numRuns: 60 },
    );
  }
});

test("whole pieces are passed on as they are, without a copy", () => {
  const bytes = numbered(21);
  let runs = 0;
  const aligner = new PacketAligner((buf, start, count) => {
    assert.equal(buf, bytes);
    assert.deepEqual([start, count], [0, 21]);
    runs++;
  });
  aligner.push(bytes);
  aligner.push(bytes);
  assert.equal(runs, 2);
});

const sizesOfPieces = [[1], [7], [100], [188], [1316], [5000], [1 << 20]];

test("one wrong sync byte costs that packet only", () => {
  const bytes = numbered(30);
  bytes[7 * 188] = 0x46;
  bytes[20 * 188] = 0;
  for (const sizes of sizesOfPieces) {
    const { aligner, numbers } = align(bytes, sizes);
    assert.deepEqual(numbers, [...range(0, 7), ...range(8, 20), ...range(21, 30)], `pieces of ${sizes}`);
    assert.equal(aligner.badSyncBytes, 2);
    assert.equal(aligner.rubbishBytes, 376);
    assert.equal(aligner.syncLosses, 0);
  }
});

test("rubbish between packets, at the front and at the end is dropped and counted", () => {
  const bytes = numbered(30);
  const dirt = new Uint8Array(37).fill(0x55);
  const dirty = join(dirt, bytes.subarray(0, 1880), dirt, bytes.subarray(1880), bytes.subarray(0, 100));
  for (const sizes of sizesOfPieces) {
    const { aligner, numbers } = align(dirty, sizes);
    assert.deepEqual(numbers, range(0, 30), `pieces of ${sizes}`);
    assert.equal(aligner.rubbishBytes, 37 + 37 + 100);
    assert.equal(aligner.syncLosses, 1);
  }
});

test("a packet that lost a byte is dropped, the next one is kept", () => {
  const bytes = numbered(30);
  const cut = join(bytes.subarray(0, 9 * 188 + 50), bytes.subarray(9 * 188 + 51));
  const { aligner, numbers } = align(cut, [1 << 20]);
  assert.deepEqual(numbers, [...range(0, 9), ...range(10, 30)]);
  assert.equal(aligner.rubbishBytes, 187);
});

test("few packets are enough for a datagram or a tiny file", () => {
  for (let count = 1; count <= 7; count++) {
    assert.equal(align(numbered(count), [1 << 20]).out.length, count);
    assert.equal(align(numbered(count), [13]).out.length, count);
  }
});

test("rubbish never throws and every byte is accounted for", () => {
  const soup = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.constant(numbered(3)),
      fc.constant(numbered(6)),
      fc.constant(new Uint8Array(500).fill(0x47)),
    ),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(
      soup,
      fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 5 }),
      (parts, sizes) => {
        const bytes = join(...parts);
        const { aligner, out } = align(bytes, sizes);
        for (const packet of out) assert.equal(packet[0], 0x47);
        assert.equal(aligner.packets, out.length);
        assert.ok(aligner.packets * 188 + aligner.rubbishBytes <= bytes.length);
      },
    ),
    { numRuns: 150 },
  );
});

const captures: [string, number, number, number][] = [
  // path, packet size, packets, rubbish bytes
  ["ts/derived/resync_garbage.ts", 188, 2123, 88 + 37 + 187],
  ["ts/broken/bear.m2ts", 188, 544, 0], // plain packets in spite of its name
  ["ts/subtitles/sample_TS_dvbsub_rs204.ts", 204, 139, 0],
  ["ts/h264-aac/main.ts", 188, 10638, 57],
];

for (const [path, size, packets, rubbish] of captures) {
  test(`capture ${path}`, (t) => {
    const bytes = sharedMedia(path);
    if (bytes === undefined) return t.skip(missing(path));
    let found = 0;
    const aligner = new PacketAligner(() => {
      found = aligner.packetSize;
    });
    for (let at = 0; at < bytes.length; at += 1316) aligner.push(bytes.subarray(at, at + 1316));
    aligner.flush();
    assert.equal(found, size);
    assert.deepEqual([aligner.packets, aligner.rubbishBytes], [packets, rubbish]);
  });
}
